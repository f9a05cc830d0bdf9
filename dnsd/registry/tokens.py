"""Tokens as this replica knows them: a mirror of the store's, so that who may do what needs no store.

The store is looked at twice a second, so what is revoked is revoked everywhere within 2 s; while it is away, what was
known goes on being true, after a restart too (a file of hashes, for us alone). A store that comes back with an older
version has lost something: what we know is put back, by whoever knows most.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

from dnsd.codec.audit import Author, author_to_text
from dnsd.codec.token import token_from_document, token_from_text, token_to_text
from dnsd.model.errors import Conflict, InvalidRecord, NotFound, StoreUnavailable
from dnsd.model.token import ID_OCTETS, SECRET_OCTETS, Token, hash_of, token_text
from dnsd.runtime.clock import Clock
from dnsd.runtime.log import Once, remote
from dnsd.store.operations import AccessChange
from dnsd.store.redis import Store

LOOK_SECONDS = 0.5
TOKENS_MOST = 10_000

_log = logging.getLogger("dnsd.tokens")


class Tokens:
    """``file``: where they are kept for a start without the store; None: nowhere."""

    def __init__(self, store: Store, clock: Clock, file: Path | None = None) -> None:
        self.is_loaded = False
        """True once the store or the file has told them."""
        self.on_look: list[Callable[[], None]] = []
        """Called after every look, twice a second: something may have been revoked, or be over."""
        self._store = store
        self._clock = clock
        self._file = file
        self._version = ""
        self._texts: dict[str, str] = {}
        self._by_id: dict[str, Token] = {}
        self._by_subject: dict[str, Token] = {}
        self._once = Once(_log)
        self._looking = asyncio.Lock()
        """Held by one look at a time: the file has one writer, and what was told first is taken first."""

    def by_id(self, identifier: str) -> Token | None:
        """The token of this public id, if there is one."""
        return self._by_id.get(identifier)

    def of_subjects(self, subjects: Iterable[str]) -> Token | None:
        """The token of the first of these certificate subjects that has one."""
        return next((self._by_subject[each] for each in subjects if each in self._by_subject), None)

    def all(self) -> list[Token]:
        """All tokens, the oldest first."""
        return sorted(self._by_id.values(), key=lambda token: (token.created_at, token.id))

    async def run(self) -> None:
        """For ever: know what the store knows."""
        await asyncio.to_thread(self._read_file)
        while True:
            try:
                await self.look()
            except StoreUnavailable as fault:
                _log.debug("tokens as they were: %s", fault)
            for each in self.on_look:
                each()
            await self._clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Take on what the store holds; put back what it has lost. Raises StoreUnavailable."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        told = await self._store.tokens(self._version)
        if told is None:
            self.is_loaded = True
            return
        version, texts = told
        if _number(version) < _number(self._version):
            back = AccessChange("refill", "", self._texts, _number(self._version))
            if await self._store.write_access(back, _number(self._version)):
                _log.warning("the store had lost the tokens; %d were put back", len(self._texts))
            return
        self._take(version, texts)
        await asyncio.to_thread(self._write_file)

    async def create(self, document: object, author: Author) -> tuple[Token, str | None]:
        """Make the token that a body asks for; with its text, which is told here and never again (None for a
        certificate's). Raises InvalidRecord, Conflict, StoreUnavailable.
        """
        if len(self._by_id) >= TOKENS_MOST:
            raise Conflict(f"{TOKENS_MOST} tokens stand; revoke some")
        identifier, secret = secrets.token_hex(ID_OCTETS), secrets.token_urlsafe(SECRET_OCTETS)
        token = token_from_document(document, identifier, hash_of(secret), int(self._clock.wall()))
        if token.subject and token.subject in self._by_subject:
            raise Conflict(f"certificate {token.subject!r} has token {self._by_subject[token.subject].id} already")
        change = AccessChange("put", f"created token {identifier}", {identifier: token_to_text(token)})
        await self._store.write_access(change, _number(self._version), author_to_text(author))
        await self.look()
        return token, None if token.subject else token_text(identifier, secret)

    async def revoke(self, identifier: str, author: Author) -> Token:
        """End a token, here at once and everywhere within 2 s. Raises NotFound, StoreUnavailable."""
        token = self._by_id.get(identifier)
        change = AccessChange("remove", f"revoked token {identifier}", {identifier: ""})
        if token is None or not await self._store.write_access(change, _number(self._version), author_to_text(author)):
            raise NotFound(f"no token {identifier}")
        await self.look()
        return token

    def _take(self, version: str, texts: dict[str, str]) -> None:
        self._version, self._texts = version, texts
        self._by_id = {token.id: token for key, text in texts.items() if (token := self._read(key, text))}
        self._by_subject = {token.subject: token for token in self._by_id.values() if token.subject}
        self.is_loaded = True

    def _read(self, key: str, text: str) -> Token | None:
        try:
            token = token_from_text(text)
        except InvalidRecord as invalid:
            self._once.warning(key, "token %s makes no sense and lets nobody in: %s", remote(key), invalid)
            return None
        return token if token.id == key else None

    def _read_file(self) -> None:
        if self._file is None:
            return
        try:
            kept = json.loads(self._file.read_text("utf-8"))
            version, texts = str(kept["version"]), {str(key): str(text) for key, text in kept["tokens"].items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            _log.warning("the tokens kept in %s cannot be read: %s", self._file, type(fault).__name__)
            return
        if not self.is_loaded:
            self._take(version, texts)

    def _write_file(self) -> None:
        if self._file is None:
            return
        beside = self._file.with_name(f"{self._file.name}.new")
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside.unlink(missing_ok=True)
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump({"version": self._version, "tokens": self._texts}, file)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(self._file)
        except OSError as fault:
            self._once.warning("file", "the tokens cannot be kept in %s: %s", self._file, fault.strerror)


def _number(version: str) -> int:
    text = version.partition(" ")[0]
    return int(text) if text.isdecimal() else 0
