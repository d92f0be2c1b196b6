"""A provider that organisations run: the portal of LemonLDAP::NG from Debian, with its people for demonstrations.

Each of them has the own name as password. Everything it keeps is in one folder, and it listens on this machine only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.support.ports import wait_until_taken

_STARMAN = shutil.which("starman")
_SHARE = Path("/usr/share/lemonldap-ng/portal")
_PERL = Path("/usr/share/perl5")
INSTALLED = _STARMAN is not None and all(
    path.exists() for path in (_SHARE, _PERL / "String/Random.pm", _PERL / "IO/String.pm")
)
MISSING = (
    "no LemonLDAP::NG to sign in at: apt-get install --no-install-recommends"
    " liblemonldap-ng-portal-perl libstring-random-perl libio-string-perl starman"
)
CLIENT_ID, CLIENT_SECRET = "citewell", "known-to-both"
_WORKERS = 3  # a browser keeps connections open, which a single one would wait for


def issuer_at(port: int) -> str:
    """What it calls itself when it listens on a port of this machine."""
    return f"http://127.0.0.1:{port}/"


@contextmanager
def running_lemonldap(folder: Path, port: int, back_to: str) -> Iterator[None]:
    """It is there, at `issuer_at(port)`, for the block. It knows Citewell at `back_to`, and sends people only there."""
    assert _STARMAN is not None
    issuer = issuer_at(port)
    (folder / "sessions/lock").mkdir(parents=True)
    (folder / "conf").mkdir()
    (folder / "conf/lmConf-1.json").write_text(json.dumps(_configuration(folder, issuer, back_to)), encoding="utf-8")
    (folder / "lemonldap-ng.ini").write_text(
        "[all]\nlogLevel = notice\nlocalSessionStorage =\n"
        f"[configuration]\ntype = File\ndirName = {folder}/conf\n"
        f"[portal]\nstaticPrefix = /static\ntemplateDir = {_SHARE}/templates\nlanguages = en\n",
        encoding="utf-8",
    )
    (folder / "NoPictures.pm").write_text(
        "package NoPictures; use Mouse; extends 'Lemonldap::NG::Common::Module'; sub init { 1 } 1;\n", encoding="utf-8"
    )
    (folder / "portal.psgi").write_text(
        "use lib '.'; use Plack::Builder; use Lemonldap::NG::Portal::Main;\n"
        "my $portal = Lemonldap::NG::Portal::Main->run({});\n"
        "builder {"
        f" enable 'Static', path => qr{{^/static/}}, root => '{_SHARE}/htdocs';"
        " enable 'Static', path => qr{^/javascript/}, root => '/usr/share';"
        " $portal; };\n",
        encoding="utf-8",
    )
    log = folder / "lemonldap.log"
    command = [_STARMAN, "--listen", f"127.0.0.1:{port}", "--workers", str(_WORKERS), "--preload-app", "portal.psgi"]
    with log.open("wb") as written:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "LLNG_DEFAULTCONFFILE": str(folder / "lemonldap-ng.ini")},
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
    try:
        wait_until_taken(port, process, log, seconds=300)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _configuration(folder: Path, issuer: str, back_to: str) -> dict[str, object]:
    """What its administrators would set: demonstration people, their groups, and one relying party."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    storage = {
        "Directory": str(folder / "sessions"),
        "LockDirectory": str(folder / "sessions/lock"),
        "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256",
    }
    options = {
        "ClientID": CLIENT_ID,
        "ClientSecret": CLIENT_SECRET,
        "RedirectUris": f"{back_to}/sign-in/oidc/callback",
        "PostLogoutRedirectUris": f"{back_to}/",
        "IDTokenSignAlg": "RS256",
        "RequirePKCE": 1,
        "BypassConsent": 0,
        "LogoutBypassConfirm": 0,
        "DisplayName": "Citewell",
    }
    return {
        "cfgNum": 1,
        "cfgDate": 1,
        "cfgVersion": "2.16.1",
        "portal": issuer,
        "domain": "127.0.0.1",
        "cookieName": "lemonldap",
        "securedCookie": 0,
        "portalSkin": "bootstrap",
        "key": "only-for-this-run",
        "captcha": "NoPictures",  # its own wants a library for pictures, also where it draws none
        "authentication": "Demo",
        "userDB": "Same",
        "passwordDB": "Null",
        "registerDB": "Null",
        **dict.fromkeys(("portalDisplayRegister", "portalDisplayResetPassword"), 0),
        "demoExportedVars": {"cn": "cn", "mail": "mail", "uid": "uid"},
        "macros": {"_whatToTrace": "lc($_user)"},
        "whatToTrace": "_whatToTrace",
        "globalStorage": "Apache::Session::File",
        "globalStorageOptions": storage,
        "persistentStorage": "Apache::Session::File",
        "persistentStorageOptions": storage,
        "locationRules": {issuer.removeprefix("http://").strip("/"): {"default": "accept"}},
        "issuerDBOpenIDConnectActivation": 1,
        "oidcServicePrivateKeySig": private,
        "oidcServicePublicKeySig": public,
        "oidcServiceKeyIdSig": "signing",
        "oidcRPMetaDataOptions": {
            "citewell": {f"oidcRPMetaDataOptions{name}": value for name, value in options.items()}
        },
        "oidcRPMetaDataExportedVars": {
            "citewell": {"preferred_username": "uid", "name": "cn", "email": "mail", "groups": "groups;string;always"}
        },
        "oidcServiceIgnoreScopeForClaims": 1,
    }
