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
    assert not catalog.instances("old")
    assert [service.id for service in catalog.instances("new")] == ["a"]


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
        st.tuples(
            st.booleans(),
            st.sampled_from("abcd"),
            st.sampled_from(["x", "X", "y"]),
            st.sampled_from(["", "10.0.0.1", "10.0.0.2"]),
        ),
        max_size=30,
    )
)
def test_the_indexes_always_agree_with_the_services(steps):
    """Whatever is registered and deregistered in whatever order."""
    catalog = EmbeddedCatalog(NODE)
    for add, service_id, name, address in steps:
        if add:
            catalog.register(Service(id=service_id, name=name, address=address))
        else:
            catalog.deregister(service_id)
    there = catalog.services().values()
    for name in ("x", "y"):
        expected = {s.id for s in there if s.name.lower() == name}
        assert expected == {s.id for s in catalog.instances(name)}
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
        ids = [s.id for s in there if s.address == address]
        found = catalog.at(address)
        assert min(ids, default=None) == (found.id if found else None)


def test_a_change_of_the_node_is_told_like_any_other():
    """Its name and address are in answers."""

    class Told:
        times = 0

        def changed(self) -> None:
            self.times += 1

    catalog, told = EmbeddedCatalog(NODE), Told()
    catalog.listeners.add(told)
    catalog.node = Node(name="n2", address="10.0.0.2")
    assert ("n2", 1) == (catalog.node.name, told.times)
