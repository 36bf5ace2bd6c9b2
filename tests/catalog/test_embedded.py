"""The catalog in this process."""

from hypothesis import given, strategies as st

from catalog.embedded import EmbeddedCatalog
from catalog.model import Node, Service

NODE = Node(name="n1", address="10.0.0.1")


def test_a_lookup_takes_any_case():
    """Consul's DNS looks names up without regard to case."""
    catalog = EmbeddedCatalog(NODE, [Service(id="a", name="Web", port=1)])
    assert [service.id for service in catalog.instances("wEB")] == ["a"]


def test_registering_an_id_again_replaces_it_under_its_new_name():
    """No instance is left under the old name."""
    catalog = EmbeddedCatalog(NODE, [Service(id="a", name="old")])
    catalog.register(Service(id="a", name="new"))
    assert catalog.instances("old") == ()
    assert tuple(service.id for service in catalog.instances("new")) == ("a",)


def test_a_service_comes_back_as_it_is_kept():
    """Checks are Consul's job, and there is nobody to show a token to."""
    catalog = EmbeddedCatalog(NODE)
    service = Service(id="a", name="web", tags=("x",), checks=({"TTL": "10s"},), token="secret")
    catalog.register(service)
    assert {"a": Service(id="a", name="web", tags=("x",))} == catalog.services()
    assert catalog.kept(service) == catalog.services()["a"]


def test_deregistering_what_is_not_there_is_no_error():
    """As with Consul's agent."""
    EmbeddedCatalog(NODE).deregister("nothing")


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from("abcd"), st.sampled_from(["x", "X", "y"])),
        max_size=30,
    )
)
def test_the_index_by_name_always_agrees_with_the_services(steps):
    """Whatever is registered and deregistered in whatever order."""
    catalog = EmbeddedCatalog(NODE)
    for add, service_id, name in steps:
        if add:
            catalog.register(Service(id=service_id, name=name))
        else:
            catalog.deregister(service_id)
    for name in ("x", "y"):
        expected = {s.id for s in catalog.services().values() if s.name.lower() == name}
        assert expected == {s.id for s in catalog.instances(name)}
