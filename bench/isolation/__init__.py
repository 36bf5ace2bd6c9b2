"""What the work of the registrar costs the answers (`python -m bench isolation`)."""
