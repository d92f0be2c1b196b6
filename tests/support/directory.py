"""A real directory: slapd of Debian, with a few people and groups, over TLS."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.certificates import Certificates, make_certificates
from tests.support.ports import free_ports, wait_until_taken

SLAPD = shutil.which("slapd") or shutil.which("slapd", path="/usr/sbin")
MISSING = "no directory to ask: apt-get install slapd gcc python3-dev libldap-dev libsasl2-dev; pip install python-ldap"
IS_THERE = SLAPD is not None and importlib.util.find_spec("ldap") is not None

BASE = "dc=example,dc=org"
PEOPLE, GROUPS = f"ou=people,{BASE}", f"ou=groups,{BASE}"
READER, PASSWORD = f"cn=citewell,{BASE}", "the reader's password"
_ADMIN, _ADMIN_PASSWORD = f"cn=admin,{BASE}", "the admin's password"

_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {certificates.server}
TLSCertificateKeyFile {certificates.key}
database mdb
suffix {base}
rootdn {admin}
rootpw "{admin_password}"
directory {folder}/database
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact={reader} tls_ssf=128 read by * none
"""

_ENTRIES = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: citewell
userPassword: {PASSWORD}

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups
"""


@dataclass(frozen=True)
class RunningDirectory:
    """Its addresses, and how a test changes what it knows."""

    address: str  # ldap://, for StartTLS
    secure_address: str  # ldaps://
    unnamed_address: str  # the same, at an address that is not in the certificate
    certificates: Certificates

    def add_person(self, name: str, surname: str = "Lund") -> str:
        """The DN of a new person."""
        dn = f"uid={name},{PEOPLE}"
        self._as_admin().add_s(
            dn, [("objectClass", [b"inetOrgPerson"]), ("cn", [name.encode()]), ("sn", [surname.encode()])]
        )
        return dn

    def remove(self, dn: str) -> None:
        self._as_admin().delete_s(dn)

    def add_group(self, name: str, *members: str) -> str:
        dn = f"cn={name},{GROUPS}"
        self._as_admin().add_s(dn, [("objectClass", [b"groupOfNames"]), ("member", [m.encode() for m in members])])
        return dn

    def _as_admin(self) -> Any:
        import ldap

        connection = ldap.initialize(self.address)
        connection.simple_bind_s(_ADMIN, _ADMIN_PASSWORD)
        return connection


@contextmanager
def running_directory(folder: Path) -> Iterator[RunningDirectory]:
    """A directory without people, until the end of the block."""
    assert SLAPD is not None
    certificates = make_certificates(folder / "certificates", "localhost", "127.0.0.1")
    (folder / "database").mkdir()
    configuration = folder / "slapd.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder,
            certificates=certificates,
            base=BASE,
            admin=_ADMIN,
            admin_password=_ADMIN_PASSWORD,
            reader=READER,
        )
    )
    entries = folder / "entries.ldif"
    entries.write_text(_ENTRIES.lstrip())
    program = Path(SLAPD)
    subprocess.run([program.with_name("slapadd"), "-f", configuration, "-l", entries], check=True, capture_output=True)
    ports = free_ports(2)
    addresses = tuple(
        f"{host}:{port}"
        for host, port in (
            ("ldap://127.0.0.1", ports[0]),
            ("ldaps://127.0.0.1", ports[1]),
            ("ldaps://127.0.0.2", ports[1]),
        )
    )
    log = folder / "slapd.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [program, "-f", configuration, "-h", " ".join(addresses), "-d", "none"], stdout=written, stderr=written
        )
    try:
        for port in ports:
            wait_until_taken(port, process, log)
        yield RunningDirectory(addresses[0], addresses[1], addresses[2], certificates)
    finally:
        process.terminate()
        process.wait(20)
