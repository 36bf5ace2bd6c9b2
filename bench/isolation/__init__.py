"""What the work of the registrar costs the answers of the DNS proxy (`python -m bench isolation`)."""
