"""The bench of the embedded catalog in short."""

import pytest

from bench.catalog import run as catalog


@pytest.mark.lab
def test_few_services_and_many_are_measured():
    """Each size, in each figure; that it needs no engine is the Makefile's."""
    sizes = catalog.run(catalog.Extent((10, 100), 1, 1.0, 5.0))
    assert ["10 services, 50 instances", "100 services, 500 instances"] == [
        size.title for size in sizes
    ]
    for size in sizes:
        assert size.resident_mib > 10
        assert size.read_s > 0
        assert min(*size.anew_us, *size.rate, *size.cpu_us) > 0
        assert size.reload is not None
        assert 0 == size.reload.lost
    *_, few, many, ratio = catalog.table(sizes).splitlines()
    assert few.startswith("10 services")
    assert many.startswith("100 services")
    assert "an answer with 100 services costs" in ratio
    assert [10, 100] == [one["services"] for one in catalog.raw(sizes)]
