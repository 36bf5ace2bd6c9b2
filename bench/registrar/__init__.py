"""The registrar beside gliderlabs/registrator: on the same containers, in the same run."""
