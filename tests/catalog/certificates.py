"""Certificates of a small authority, made by the openssl command."""

import subprocess
from pathlib import Path

SERVER_NAME = "server.dc1.consul"


class Authority:
    """A CA with its own key in ``folder``; what it signs lies beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca-key.pem"
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", self._key, "-out", self.certificate, "-days", "2", "-subj", "/CN=Lab CA"),
        )

    def sign(self, name: str, *alternatives: str, days: int = 2) -> tuple[Path, Path]:
        """A certificate and its key; alternatives such as ``DNS:localhost``.

        With ``days`` below 0 it ended that many ago.
        """
        key, request, certificate, extensions = (
            self.folder / f"{name}{suffix}" for suffix in ("-key.pem", ".csr", ".pem", ".ext")
        )
        extensions.write_text(
            "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n"
            + (f"subjectAltName={','.join(alternatives)}\n" if alternatives else "")
        )
        _openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", key, "-out", request, "-subj", f"/CN={name}"),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key),
            *("-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", certificate),
        )
        return certificate, key


def _openssl(*args: str | Path) -> None:
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)
