"""Keyed hashes instead of people: without the key nobody finds a customer from what is stored."""

import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Hashes unit values under one secret key."""

    key: bytes

    def of(self, kind: str, value: str) -> str:
        """Give 128 bits of HMAC-SHA256 over kind and value, as 32 hex digits."""
        return hmac.digest(self.key, f"{kind}:{value}".encode("utf-8", "surrogatepass"), "sha256")[:16].hex()
