"""The entry points. gevent patches first: the engine's and Consul's clients reach for sockets.

Each loads its own command alone: a DNS proxy has no use for the engine's client. Who presses Tab
waits for neither.
"""

from seamark import completing

if not completing.asked():
    from gevent import monkey

    monkey.patch_all()

from seamark import cli


def main() -> None:
    """`seamark`."""
    from seamark.commands.group import seamark

    cli.run(seamark)


def registrar() -> None:
    """`registrar`."""
    from seamark.commands.registrar import registrar as command

    cli.run(command)


def dnsproxy() -> None:
    """`dnsproxy`."""
    from seamark.commands.dnsproxy import dnsproxy as command

    cli.run(command)


def worker() -> None:
    """A process that answers for one of the above; not for people."""
    from seamark.worker import work

    work()


if __name__ == "__main__":
    main()
