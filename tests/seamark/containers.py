"""Containers that only the API of a small engine knows, for the status side to tell of."""

from tests.registrar.inspect_output import inspect_output

SVC4 = inspect_output(
    {"8080/tcp": [("0.0.0.0", 8084)]}, id="4" * 64, name="svc4", env=["SERVICE_NAME=svc4"]
)
HIDDEN = inspect_output({"80/tcp": None}, id="5" * 64, name="hidden", image="nginx")
ODD = inspect_output(
    {"80/tcp": [("0.0.0.0", 8085)]},
    id="6" * 64,
    name="odd",
    env=["SERVICE_NAME=<script>alert(1)</script>", "SERVICE_TAGS==cmd"],
)
