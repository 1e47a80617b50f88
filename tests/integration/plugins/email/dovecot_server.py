"""A real Dovecot on loopback, run by an ordinary account, with IMAP, IMAPS and LMTP."""

import grp
import imaplib
import os
import pwd
import secrets
import shutil
import signal
import smtplib
import socket
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

STARTUP_SECONDS = 20.0
MOST_USERS = 200
FIRST_PORT, PORTS = 20_000, 12_000
PASSWORD = 'pass \\ "wört"'
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{pem}
ssl_key = <{pem}
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%n
mail_home = {folder}/mail/%n
recipient_delimiter = +
auth_username_format = %n
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n allow_all_users=yes
}}
lmtp_save_to_detail_mailbox = no
lda_mailbox_autocreate = yes
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """The server: it can be stopped, and starts again with the mail it had."""

    def __init__(self, binary: str, folder: Path, pem: Path) -> None:
        account = _account()
        self.imap_port, self.imaps_port, self.lmtp_port = _free_ports(3)
        self._folder = folder
        self._binary = binary
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("run", "state", "mail"):
            (folder / name).mkdir()
        users = (f"{name}:{PASSWORD}:::::\n" for name in map(_user, range(MOST_USERS)))
        (folder / "users").write_text("".join(users))
        self._used = 0
        self._config = folder / "dovecot.conf"
        self._config.write_text(
            CONFIG.format(
                folder=folder,
                pem=pem,
                user=account.pw_name,
                group=grp.getgrgid(account.pw_gid).gr_name,
                uid=account.pw_uid,
                gid=account.pw_gid,
                imap_port=self.imap_port,
                imaps_port=self.imaps_port,
                lmtp_port=self.lmtp_port,
            )
        )
        if os.getuid() == 0:
            _give_away(folder, account)
            _give_away(pem.parent, account)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def user(self) -> str:
        """Return whose mailbox it is that the desk has now."""
        return _user(self._used)

    @property
    def address(self) -> str:
        """Return the address of the desk's mailbox."""
        return f"{self.user}@desk.test"

    def renew(self) -> None:
        """Give the desk another mailbox, which is empty."""
        self._used += 1

    def start(self) -> None:
        """Start it, and wait until all its doors are open."""
        is_root = os.getuid() == 0
        self._process = subprocess.Popen(
            [self._binary, "-F", "-c", str(self._config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._account.pw_uid if is_root else None,
            group=self._account.pw_gid if is_root else None,
            extra_groups=[] if is_root else None,
        )
        for port in (self.imap_port, self.imaps_port, self.lmtp_port):
            self._wait_for(port)

    def restart(self, more: str) -> None:
        """Start it again with more in its configuration."""
        self.stop()
        with self._config.open("a") as config:
            config.write(f"{more}\n")
        self.start()

    def stop(self) -> None:
        """End it, and every process it has begun."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(STARTUP_SECONDS)

    def deliver(self, raw: bytes, *, to: str = "", sender: str = "zoe@customer.test") -> None:
        """Bring a message as a mail server does, and return when it lies in the mailbox."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as door:
            door.sendmail(sender, [to or self.address], raw)

    @contextmanager
    def opened(self, folder: str = "INBOX") -> Generator[imaplib.IMAP4]:
        """Give a mailbox as a person's mail program sees it."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port) as program:
            program.authenticate("PLAIN", lambda _: f"\0{self.user}\0{PASSWORD}".encode())
            program.select(folder)
            yield program

    def flags(self, folder: str = "INBOX") -> list[frozenset[str]]:
        """Return how the messages of a folder are marked, oldest first."""
        with self.opened(folder=folder) as program:
            _, answers = program.fetch("1:*", "(FLAGS)")
        return [
            frozenset(one.decode() for one in imaplib.ParseFlags(answer))
            for answer in answers
            if isinstance(answer, bytes)
        ]

    def log(self) -> str:
        """Return what it has logged."""
        path = self._folder / "log"
        return path.read_text() if path.exists() else ""

    def _wait_for(self, port: int) -> None:
        assert self._process is not None
        # The kernel takes connections only once Dovecot listens, so this asks and never sleeps
        # for longer than it must.
        for _ in range(int(STARTUP_SECONDS * 20)):
            if self._process.poll() is not None:
                break
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    return
            try:
                self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError(f"no Dovecot: {self.log()}")


def reason_to_skip() -> str | None:
    """Return why there is no Dovecot to test with, or None where there is one."""
    binary = dovecot_binary()
    if binary is None:
        return "no dovecot on the PATH: apt-get install dovecot-imapd dovecot-lmtpd"
    said = subprocess.run([binary, "--version"], capture_output=True, check=True, text=True).stdout
    return None if said.startswith("2.3.") else f"Dovecot {said.split()[0]} is configured otherwise"


def dovecot_binary() -> str | None:
    """Return where the server is, also where it is not on an ordinary account's path."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _account() -> pwd.struct_passwd:
    """Return who runs it: never root, who may read no mail."""
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


def _give_away(folder: Path, account: pwd.struct_passwd) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)
    # Folders of pytest are its own; whoever runs the server must come through them.
    for parent in folder.parents:
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)


def _user(number: int) -> str:
    return f"support{number}"


def _free_ports(count: int) -> list[int]:
    """Return ports of which the kernel gives none to whoever connects to something meanwhile."""
    with ExitStack() as listening:
        found: list[int] = []
        while len(found) < count:
            port = FIRST_PORT + secrets.randbelow(PORTS)
            with suppress(OSError):
                listening.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
        return found
