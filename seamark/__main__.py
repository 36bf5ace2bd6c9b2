"""The entry points. gevent patches first: the engine's and Consul's clients reach for sockets."""

from gevent import monkey

monkey.patch_all()

from seamark import cli


def main() -> None:
    """`seamark`."""
    cli.run(cli.seamark)


def registrar() -> None:
    """`registrar`."""
    cli.run(cli.registrar)


def dnsproxy() -> None:
    """`dnsproxy`."""
    cli.run(cli.dnsproxy)


if __name__ == "__main__":
    main()
