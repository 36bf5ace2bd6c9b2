"""Numbers of the protocol as people know them (IANA's DNS parameters); RFC 3597 for the rest."""

_TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    10: "NULL",
    11: "WKS",
    12: "PTR",
    13: "HINFO",
    14: "MINFO",
    15: "MX",
    16: "TXT",
    17: "RP",
    18: "AFSDB",
    24: "SIG",
    25: "KEY",
    28: "AAAA",
    29: "LOC",
    33: "SRV",
    35: "NAPTR",
    36: "KX",
    37: "CERT",
    38: "A6",
    39: "DNAME",
    41: "OPT",
    42: "APL",
    43: "DS",
    44: "SSHFP",
    45: "IPSECKEY",
    46: "RRSIG",
    47: "NSEC",
    48: "DNSKEY",
    49: "DHCID",
    50: "NSEC3",
    51: "NSEC3PARAM",
    52: "TLSA",
    53: "SMIMEA",
    55: "HIP",
    59: "CDS",
    60: "CDNSKEY",
    61: "OPENPGPKEY",
    62: "CSYNC",
    63: "ZONEMD",
    64: "SVCB",
    65: "HTTPS",
    99: "SPF",
    108: "EUI48",
    109: "EUI64",
    249: "TKEY",
    250: "TSIG",
    251: "IXFR",
    252: "AXFR",
    253: "MAILB",
    254: "MAILA",
    255: "ANY",
    256: "URI",
    257: "CAA",
}
_RCODES = {
    0: "NOERROR",
    1: "FORMERR",
    2: "SERVFAIL",
    3: "NXDOMAIN",
    4: "NOTIMP",
    5: "REFUSED",
    6: "YXDOMAIN",
    7: "YXRRSET",
    8: "NXRRSET",
    9: "NOTAUTH",
    10: "NOTZONE",
    16: "BADVERS",
    23: "BADCOOKIE",
}


def type_text(qtype: int) -> str:
    """``AAAA``; ``TYPE65280`` where the type has no name (RFC 3597 5)."""
    return _TYPES.get(qtype, f"TYPE{qtype}")


def rcode_text(rcode: int) -> str:
    """``NXDOMAIN``; ``RCODE3841`` where the code has no name."""
    return _RCODES.get(rcode, f"RCODE{rcode}")


def type_number(text: str) -> int:
    """The number of a type by its name in any case, or as ``TYPE65280``. Raises ValueError."""
    upper = text.upper()
    for number, name in _TYPES.items():
        if name == upper:
            return number
    digits = upper.removeprefix("TYPE")
    if digits == upper or not (digits.isascii() and digits.isdigit() and int(digits) <= 0xFFFF):
        raise ValueError(f"`{text}` is no type of records")
    return int(digits)


def type_names() -> list[str]:
    """All types that have a name."""
    return list(_TYPES.values())
