"""The files for several nodes over PostgreSQL fit each other, name what exists and hold no secret; what runs here runs.

Images, Compose and Kubernetes are not run: docs/postgresql.md says so. Patroni is by `python -m tests.soak patroni`.
"""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml  # type: ignore[import-untyped] # it comes with huggingface_hub, without types

from tests.support.certificates import make_certificates
from tests.support.places import ROOT
from tests.support.ports import free_port, wait_until_taken
from tests.support.postgres import PostgresServer, postgres_programs
from tests.support.processes import wait_for
from web.settings import WebSettings

FOLDER = ROOT / "deploy" / "postgres"
HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
NAME = "citewell.example"
NOBODY = "10001:10001"
needs_haproxy = pytest.mark.skipif(HAPROXY is None, reason="no haproxy to ask through: apt-get install haproxy")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    return found


def kubernetes(kind: str) -> list[dict[str, Any]]:
    """The objects of a kind, by their names."""
    found = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text(encoding="utf-8"))
    return sorted((one for one in found if one["kind"] == kind), key=lambda one: str(one["metadata"]["name"]))


def pods() -> dict[str, dict[str, Any]]:
    """What a pod of each object has, by the object's kind."""
    return {kind: kubernetes(kind)[0]["spec"]["template"]["spec"] for kind in ("Job", "StatefulSet")}


def settings_of(given: dict[str, str]) -> WebSettings:
    """Settings that all exist, without the file of a secret, which is not here."""
    assert given["CITEWELL_DATABASE_FILE"].startswith(("/run/secrets/", "/secrets/"))
    return WebSettings.from_env({name: value for name, value in given.items() if name != "CITEWELL_DATABASE_FILE"})


class TestCompose:
    def test_every_service_is_nobody_in_particular_and_writes_where_it_must_alone(self) -> None:
        found = {
            name: (service["user"], service["read_only"], service["cap_drop"], service["security_opt"])
            for name, service in compose()["services"].items()
        }
        closed = (True, ["ALL"], ["no-new-privileges:true"])
        assert found == {
            "database": ("999:999", *closed),
            "tables": (NOBODY, *closed),
            "node1": (NOBODY, *closed),
            "node2": (NOBODY, *closed),
            "proxy": ("99:99", *closed),
        }

    def test_only_the_proxy_is_reached_from_outside(self) -> None:
        found = compose()
        assert {name: service["networks"] for name, service in found["services"].items()} == {
            "database": ["inside"],
            "tables": ["inside"],
            "node1": ["inside"],
            "node2": ["inside"],
            "proxy": ["inside", "outside"],
        }
        assert found["networks"]["inside"]["internal"] is True
        assert [name for name, service in found["services"].items() if "ports" in service] == ["proxy"]

    def test_what_is_used_is_there_and_what_is_there_is_used(self) -> None:
        found = compose()
        services = found["services"].values()
        assert {secret for one in services for secret in one["secrets"]} == set(found["secrets"])
        volumes = [volume.split(":") for one in services for volume in one.get("volumes", [])]
        assert {name for name, *_ in volumes if not name.startswith("./")} == set(found["volumes"])
        assert [name for name, *_ in volumes if name.startswith("./") and not (FOLDER / name).is_file()] == []
        assert {name for one in services for name in one.get("depends_on", {})} <= set(found["services"])

    def test_each_node_has_data_of_its_own_and_the_settings_exist(self) -> None:
        services = compose()["services"]
        assert [services[name]["volumes"] for name in ("node1", "node2")] == [["node1:/data"], ["node2:/data"]]
        for name in ("node1", "node2"):
            settings = settings_of(services[name]["environment"])
            assert settings.allowed_hosts == (NAME,)
            subnet = compose()["networks"]["inside"]["ipam"]["config"][0]["subnet"]
            assert settings.proxy_addresses == (subnet,)

    def test_tables_are_made_by_their_owner_before_nodes_start(self) -> None:
        services = compose()["services"]
        assert services["tables"]["secrets"] == ["owner_address"]
        assert services["tables"]["environment"] == {"CITEWELL_DATABASE_FILE": "/run/secrets/owner_address"}
        assert services["node1"]["depends_on"] == {"tables": {"condition": "service_completed_successfully"}}
        assert services["node1"]["secrets"] == ["node_address"]


class TestKubernetes:
    @pytest.mark.parametrize("kind", ["Job", "StatefulSet"])
    def test_pods_are_nobody_in_particular_and_may_do_nothing_more(self, kind: str) -> None:
        pod = pods()[kind]
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {one["mountPath"] for one in container["volumeMounts"]} == {"/secrets", "/data", "/tmp"}  # noqa: S108 - in it

    def test_probes_ask_what_the_service_answers_at_the_port_that_it_serves(self) -> None:
        (container,) = pods()["StatefulSet"]["containers"]
        probes = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
        assert {name: (probe["path"], probe["port"]) for name, probe in probes.items()} == {
            "startupProbe": ("/healthz", "http"),
            "livenessProbe": ("/healthz", "http"),
            "readinessProbe": ("/readyz", "http"),
        }
        # By an address of the pod, which is no host that the service answers to.
        assert all(probe["httpHeaders"] == [{"name": "Host", "value": "localhost"}] for probe in probes.values())
        assert container["ports"] == [{"name": "http", "containerPort": WebSettings(data_dir=ROOT).port}]

    def test_labels_names_and_ports_lead_from_the_ingress_to_the_nodes(self) -> None:
        (ingress,), services = kubernetes("Ingress"), kubernetes("Service")
        backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        nodes = kubernetes("StatefulSet")[0]
        assert (backend["name"], backend["port"]["name"]) in {
            (service["metadata"]["name"], service["spec"]["ports"][0]["name"]) for service in services
        }
        assert nodes["spec"]["serviceName"] in {service["metadata"]["name"] for service in services}
        label = nodes["spec"]["template"]["metadata"]["labels"]
        (budget,) = kubernetes("PodDisruptionBudget")
        selected = [nodes["spec"]["selector"]["matchLabels"], budget["spec"]["selector"]["matchLabels"]]
        assert [*selected, *(service["spec"]["selector"] for service in services)] == [label] * 4

    def test_every_object_is_in_the_namespace_and_the_settings_exist(self) -> None:
        found = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text(encoding="utf-8")))
        assert {one["metadata"].get("namespace", one["metadata"]["name"]) for one in found} == {"citewell"}
        assert settings_of(kubernetes("ConfigMap")[0]["data"]).allowed_hosts == (NAME,)

    def test_nodes_have_the_address_of_their_role_and_not_that_of_the_owner(self) -> None:
        found = {
            kind: [item["path"] for item in next(v for v in pod["volumes"] if "secret" in v)["secret"]["items"]]
            for kind, pod in pods().items()
        }
        assert found == {"Job": ["owner_address"], "StatefulSet": ["node_address"]}


@pytest.mark.parametrize("name", ["compose.yaml", "kubernetes.yaml", "patroni.yaml", "roles.sql", "passwords.sh"])
def test_no_secret_is_in_a_file(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert "postgresql://" not in text
    assert re.findall(r"(?im)^\s*(?:\w*_)?(?:password|secret|token)\s*[:=][ \t]*[\"']?\w", text) == []
    assert kubernetes("Secret") == []


def test_the_driver_in_the_image_is_the_one_that_is_tested() -> None:
    text = (FOLDER / "Containerfile").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
    found = dict(re.findall(r"(psycopg[\w-]*)==(\S+)", text))
    assert found == {name: pinned[name] for name in ("psycopg", "psycopg-binary", "psycopg-pool")}


def test_patroni_keeps_what_was_acknowledged_and_lets_nobody_in_without_tls() -> None:
    found = yaml.safe_load((FOLDER / "patroni.yaml").read_text(encoding="utf-8"))
    shared = found["bootstrap"]["dcs"]
    assert shared["synchronous_mode"] is True
    assert shared["ttl"] >= shared["loop_wait"] + 2 * shared["retry_timeout"]
    assert {line.split()[0] for line in found["postgresql"]["pg_hba"]} == {"local", "hostssl"}
    assert "citewell_owner,citewell_node" in found["postgresql"]["pg_hba"][-1]
    port = found["restapi"]["listen"].rpartition(":")[2]
    assert f"check port {port} " in (FOLDER / "haproxy-primary.cfg").read_text(encoding="utf-8")


def test_roles_get_their_passwords_from_files(postgres: PostgresServer, tmp_path: Path) -> None:
    programs = postgres_programs()
    assert programs is not None
    for name in ("owner", "node"):
        (tmp_path / f"{name}_password").write_text(f"it's {name}\n")
    url = postgres.empty_database()
    database, folder = url.partition("@/")[2].split("?host=")
    environment = {
        "PATH": f"{programs / 'bin'}:/usr/bin:/bin",
        "PGHOST": folder,
        "PGUSER": "citewell",
        "POSTGRES_DB": database,
        "SECRETS": str(tmp_path),
    }
    try:
        roles = ["psql", "--quiet", "--no-psqlrc", "--dbname", database, "--set", "ON_ERROR_STOP=1"]
        subprocess.run(
            [programs / "bin" / roles[0], *roles[1:], "--file", FOLDER / "roles.sql"], env=environment, check=True
        )
        subprocess.run(["/bin/sh", FOLDER / "passwords.sh"], env=environment, check=True)
        with psycopg.connect(url) as connection:
            kept = connection.execute(
                "SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid"
                " WHERE rolname LIKE 'citewell!_%' ESCAPE '!' ORDER BY rolname"
            ).fetchall()
        assert kept == [("citewell_node", True), ("citewell_owner", True)]
    finally:  # roles belong to the server, which other tests use too
        postgres.run(f"DROP DATABASE {database} WITH (FORCE)")
        postgres.run("DROP ROLE IF EXISTS citewell_owner, citewell_node")


def test_the_proxy_knows_the_nodes_by_the_names_and_the_port_that_they_have() -> None:
    text = (FOLDER / "haproxy.cfg").read_text(encoding="utf-8")
    nodes = [name for name in compose()["services"] if name.startswith("node")]
    port = WebSettings(data_dir=ROOT).port
    assert re.findall(r"^    server (\w+) (\S+)", text, re.MULTILINE) == [(name, f"{name}:{port}") for name in nodes]
    bound = re.search(r"bind :(\d+) ssl", text)
    assert bound is not None
    assert compose()["services"]["proxy"]["ports"] == [f"443:{bound[1]}"]


@needs_haproxy
def test_haproxy_takes_the_file_for_the_database(tmp_path: Path) -> None:
    text = (FOLDER / "haproxy-primary.cfg").read_text(encoding="utf-8")
    (tmp_path / "haproxy.cfg").write_text(re.sub(r"db\d\.example\.org", "127.0.0.1", text))
    ran = subprocess.run(
        [str(HAPROXY), "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, "WARNING" in ran.stderr) == (0, False), ran.stderr


class Node:
    """What stands for a node: it tells who it is, and whether it is ready."""

    def __init__(self, name: str) -> None:
        self.is_ready = True
        self.headers: dict[str, str] = {}
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_probe = self.path == "/readyz"
                if not is_probe:
                    node.headers = {key.lower(): value for key, value in self.headers.items()}
                body = name.encode()
                self.send_response(503 if is_probe and not node.is_ready else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - the name of the library
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def haproxy_before(nodes: tuple[Node, Node], folder: Path) -> Iterator[tuple[int, Path]]:
    """The port of HAProxy with our file, over TLS, and the certificate to know it by."""
    certificates = make_certificates(folder / "certificates", NAME)
    both = folder / "certificate"
    both.write_bytes(certificates.server.read_bytes() + certificates.key.read_bytes())
    port = free_port()
    text = (FOLDER / "haproxy.cfg").read_text(encoding="utf-8")
    for before, after in {
        "/run/secrets/certificate": str(both),
        "bind :8443": f"bind 127.0.0.1:{port}",
        "node1:8000": f"127.0.0.1:{nodes[0].port}",
        "node2:8000": f"127.0.0.1:{nodes[1].port}",
    }.items():
        assert before in text
        text = text.replace(before, after)
    (folder / "haproxy.cfg").write_text(text)
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen([str(HAPROXY), "-f", folder / "haproxy.cfg"], stdout=written, stderr=written)
    try:
        wait_until_taken(port, process, log)
        yield port, certificates.authority
    finally:
        process.kill()
        process.wait()


def get(port: int, authority: Path, *lines: str) -> str:
    """The whole response to a request of these lines."""
    context = ssl.create_default_context(cafile=str(authority))
    received = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=100) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as connection,
    ):
        connection.sendall("\r\n".join([lines[0], f"Host: {NAME}", "Connection: close", *lines[1:], "", ""]).encode())
        with suppress(ConnectionError, ssl.SSLError):
            while part := connection.recv(65_536):
                received += part
    return received.decode()


@needs_haproxy
def test_haproxy_sends_people_to_nodes_that_are_ready_and_says_nothing_that_they_claim(tmp_path: Path) -> None:
    nodes = Node("node1"), Node("node2")
    try:
        with haproxy_before(nodes, tmp_path) as (port, authority):

            def answered_by(*lines: str) -> str:
                return get(port, authority, "GET / HTTP/1.1", *lines).rpartition("\r\n\r\n")[2]

            assert wait_for(lambda: {answered_by() for _ in range(4)} == {"node1", "node2"})
            assert {answered_by("Cookie: CITEWELL_NODE=node2") for _ in range(4)} == {"node2"}
            nodes[1].is_ready = False
            assert wait_for(lambda: answered_by("Cookie: CITEWELL_NODE=node2") == "node1")
            nodes[1].is_ready = True
            assert wait_for(lambda: answered_by("Cookie: CITEWELL_NODE=node2") == "node2")
            claims = ("X-Forwarded-For: 198.51.100.7", "X-Forwarded-Proto: gopher", "Remote-User: ida")
            head = get(port, authority, "GET / HTTP/1.1", "Cookie: CITEWELL_NODE=node1", *claims).lower()
            assert "strict-transport-security: max-age=31536000" in head
            told = {
                name: nodes[0].headers.get(name) for name in ("x-forwarded-for", "x-forwarded-proto", "remote-user")
            }
            assert told == {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https", "remote-user": None}
            assert get(port, authority, "GET /metrics HTTP/1.1").startswith("HTTP/1.1 404")
            assert get(port, authority, "PUT / HTTP/1.1", "Content-Length: 99999999").startswith("HTTP/1.1 413")
    finally:
        for node in nodes:
            node.close()
