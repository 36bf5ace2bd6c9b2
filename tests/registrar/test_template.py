"""Templates of registrator's -tags, over what `docker inspect` prints."""

import json

import pytest
from hypothesis import given, strategies as st

from registrar.core.template import TemplateError, parse_template
from tests.registrar.inspect_output import inspect_output

ARN = "arn:aws:ecs:region:1234:task/368f4403-0ee4"
DOCUMENT = inspect_output(
    {"80/tcp": [("0.0.0.0", 8080), ("::", 8081)], "81/tcp": None},
    id="e20f9c1a7656" + "0" * 52,
    name="web",
    env=["ENVIRONMENT=test", "SERVICE_8105_NAME=foo", "HOME=/home/foo", "SERVICE_9404_NAME=bar"],
    labels={"team": "Shop", "com.docker.compose.project": "shop", "task-arn": ARN, "Odd": "x"},
) | {"RestartCount": 3, "HostConfig": {"NetworkMode": "bridge", "CpuShares": 512, "Dns": None}}
DOCUMENT["NetworkSettings"]["Networks"] = {"front": {"IPAddress": "172.18.0.2"}}
DOCUMENT["Config"]["Entrypoint"] = None


def no_network(url: str) -> str:
    """For templates that fetch nothing."""
    raise AssertionError(url)


def render(text: str) -> str:
    """The template's text for the container above."""
    return parse_template(text).render(DOCUMENT, no_network)


ROWS = [
    ("", ""),
    ("a,b}} -}} {c}", "a,b}} -}} {c}"),
    # Vector 38.
    ("{{.Name}}", "/web"),
    ("{{ .ID }}", "e20f9c1a7656" + "0" * 52),
    ("{{.Id}}{{.id}}", ("e20f9c1a7656" + "0" * 52) * 2),
    ("x={{.Config.Image}},y", "x=redis,y"),
    ("{{\n.Config.Image\n}}", "redis"),
    ("a {{- .Name -}} b", "a/webb"),
    ("a  {{-   .Name}} {{.Name   -}} \n\t b", "a/web /webb"),
    ("a {{-3}}", "a -3"),
    ("{{+1}}{{ 012 }}", "112"),
    ("{{/* a } }} */}}x{{- /* b */ -}} y", "xy"),
    ("{{ .Name }}}", "/web}"),
    ('{{"a\\x41\\u00e9\\101\\n\\"\\\\\\U0001F600"}}', 'aAéA\n"\\😀'),
    ('{{"\\xc3\\xa9}}"}}', "é}}"),
    ("{{`a\\n\n}}`}}", "a\\n\n}}"),
    ("{{.State.Running}} {{.RestartCount}}", "true 3"),
    ("{{.HostConfig.CPUShares}}", "512"),
    (
        "{{.Config.Env}}",
        "[ENVIRONMENT=test SERVICE_8105_NAME=foo HOME=/home/foo SERVICE_9404_NAME=bar]",
    ),
    ("{{.NetworkSettings.Networks}}", "map[front:map[IPAddress:172.18.0.2]]"),
    (
        "{{.NetworkSettings.Ports}}",
        "map[80/tcp:[map[HostIp:0.0.0.0 HostPort:8080] map[HostIp::: HostPort:8081]] 81/tcp:<nil>]",
    ),
    ("{{(.NetworkSettings).Networks.front.IPAddress}}", "172.18.0.2"),
    ("{{.Config.Labels.team}}|{{.Config.Labels.foo}}|{{.Config.Labels.odd}}", "Shop||"),
    ("{{(.Config.Labels).foo}}", ""),
    ("{{.NetworkSettings.Networks.back.IPAddress}}", ""),
    ("{{.State.Health.Status}}|{{.NetworkSettings.IPAddress}}|{{.Config.Entrypoint}}", "||"),
    ('{{index .Config.Labels "com.docker.compose.project"}}', "shop"),
    ('{{index .Config.Labels "nope"}}', ""),
    ('{{index .NetworkSettings.Networks "front" "IPAddress"}}', "172.18.0.2"),
    ('{{(index .NetworkSettings.Networks "front").IPAddress}}', "172.18.0.2"),
    ('{{(index .NetworkSettings.Networks "back").IPAddress}}', ""),
    ('{{(index (index .NetworkSettings.Ports "80/tcp") 1).HostIP}}', "::"),
    ('{{(index .NetworkSettings.Ports "80/tcp" 0).HostPort}}', "8080"),
    ('{{index .NetworkSettings.Ports "81/tcp" 0}}', ""),
    ("{{index .Config.Env 0}}", "ENVIRONMENT=test"),
    ("{{strSlice .ID 0 12}}", "e20f9c1a7656"),
    ('{{strSlice "abc" 1}}|{{strSlice "abc" 4}}|{{strSlice "abc" 1 4}}', "bc|abc|abc"),
    ('{{strSlice "abc" 0 0}}|{{strSlice "abc" 2 1}}|{{strSlice "äbc" 0 1}}', "|c|ä"),
    ("{{sIndex 0 .Config.Env}}", "ENVIRONMENT=test"),
    (
        "{{sIndex 9 .Config.Env}}|{{sIndex -1 .Config.Env}}",
        "SERVICE_9404_NAME=bar|SERVICE_9404_NAME=bar",
    ),
    ("{{sIndex -9 .Config.Env}}|{{sIndex -4 .Config.Env}}", "ENVIRONMENT=test|ENVIRONMENT=test"),
    ('{{mIndex "task-arn" .Config.Labels}}|{{mIndex "x" .Config.Labels}}', f"{ARN}|"),
    ('{{toUpper "foo"}}{{toLower "FoO"}}', "FOOfoo"),
    (
        '{{replace -1 "=" "" "=foo="}}|{{replace 1 "=" "" "=foo="}}|{{replace 0 "f" "" "f"}}',
        "foo|foo=|f",
    ),
    ('{{replace 2 "" "-" "abc"}}', "-a-bc"),
    ('{{join "," .Config.Env}}', ",".join(DOCUMENT["Config"]["Env"])),
    (
        '{{split "," "/proc/bus,/proc/fs"}}|{{split "" "ab"}}|{{split "," ""}}',
        "[/proc/bus /proc/fs]|[a b]|[]",
    ),
    ('{{mIndex "task-arn" .Config.Labels | splitIndex -1 "/"}}', "368f4403-0ee4"),
    ('{{splitIndex 9 ":" "a:b"}}{{splitIndex -9 ":" "a:b"}}{{splitIndex 0 ":" ""}}', "ba"),
    ('{{split "/" "a/b" | sIndex 1}}', "b"),
    ('{{matchFirstElement "^SERVICE_" .Config.Env}}', "SERVICE_8105_NAME=foo"),
    ('{{matchFirstElement "^NO" .Config.Env}}', ""),
    (
        '{{matchAllElements "^SERVICE_" .Config.Env}}',
        "[SERVICE_8105_NAME=foo SERVICE_9404_NAME=bar]",
    ),
    (
        '{{matchAllElements `^SERVICE_\\d+` .Config.Env | join "+" | toLower}}',
        "service_8105_name=foo+service_9404_name=bar",
    ),
    ('{{.Config.Entrypoint | join ","}}{{toUpper .Config.Entrypoint}}', ""),
    ("{{(.Name | toUpper) | toLower}}{{ ((toUpper .Name)) }}", "/web/WEB"),
    ("{{.Name|toUpper|toLower}}", "/web"),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_a_template_gives_what_go_gives(text, expected):
    """Fields under the Go client's names, values as Go prints them, registrator's functions."""
    assert expected == render(text)


BODY = json.dumps({"a": {"b": "x/y", "n": [1, {"c": True}], "z": None, "ü": "é"}, "": "empty"})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a::b", "x/y"),
        ("a::n", '[1,{"c":true}]'),
        ("a::n::[0]", "1"),
        ("a::n::[1]::c", "true"),
        ("a::z", "null"),
        ("a::ü", "é"),
        ("", "empty"),
        ("a::n::[9]", ""),
        ("a::n::0", ""),
        ("a::b::c", ""),
        ("nope", ""),
    ],
)
def test_a_value_is_taken_from_a_fetched_document(path, expected):
    """Keys joined by `::`, entries of a list as `[0]`; what is not there is empty."""
    asked = []

    def fetch(url: str) -> str:
        asked.append(url)
        return BODY

    text = '{{jsonParse (httpGet "http://h/x") "' + path + '"}}'
    assert expected == parse_template(text).render(DOCUMENT, fetch)
    assert ["http://h/x"] == asked


def test_what_cannot_be_fetched_is_told_with_its_address():
    """Whatever kind of OSError it was."""

    def fetch(url: str) -> str:
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(TemplateError, match=r"httpGet: `http://h/x`: .*Connection refused"):
        parse_template('{{httpGet "http://h/x"}}').render(DOCUMENT, fetch)


def test_a_template_keeps_its_text():
    """For the log."""
    assert "a{{.Name}}" == str(parse_template("a{{.Name}}"))


@given(st.text().filter(lambda text: "{{" not in text))
def test_text_without_actions_stays_as_it_is(text):
    """Tags that are no template at all are the usual case."""
    assert text == parse_template(text).render({}, no_network)


def test_an_expression_that_would_hang_python_takes_no_time():
    """One long match would stop the whole process."""
    template = parse_template('{{matchAllElements "^(a|a)*b$" .Config.Env}}')
    assert "[]" == template.render({"Config": {"Env": ["a" * 5000]}}, str)


@pytest.mark.parametrize("text", ["\ud800", "a\ud800"])
def test_half_a_surrogate_pair_is_a_character_like_others(text):
    """JSON can hold one; no matcher of UTF-8 takes it as it is."""
    template = parse_template("{{matchAllElements `^a?.$` .Config.Env | join `,`}}")
    document = {"Config": {"Env": [text, "cc"]}}
    assert text == template.render(document, str)
