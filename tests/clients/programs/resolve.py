"""resolve socket4|socket6|host|cares4|cares6|caressrv|aiohttp NAME: by the libc, by c-ares, by aiohttp's resolver."""

import asyncio
import socket
import sys


def by_socket(how: str, name: str) -> list[str]:
    """The standard library's ways: getaddrinfo and gethostbyname_ex."""
    if how == "host":
        return socket.gethostbyname_ex(name)[2]
    family = {"socket4": socket.AF_INET, "socket6": socket.AF_INET6}[how]
    return [str(found[4][0]) for found in socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)]


async def by_cares(how: str, name: str) -> list[str]:
    """aiodns, which is pycares, which is c-ares; for aiohttp through its AsyncResolver."""
    import aiodns

    if how == "aiohttp":
        from aiohttp.resolver import AsyncResolver

        resolver = AsyncResolver()
        found = await resolver.resolve(name, 8080, socket.AF_INET)
        await resolver.close()
        return [str(one["host"]) for one in found]
    async with aiodns.DNSResolver() as asked:
        if how == "caressrv":
            told = await asked.query_dns(name, "SRV")
            return [f"{one.data.priority} {one.data.weight} {one.data.port} {one.data.target}" for one in told.answer]
        family = {"cares4": socket.AF_INET, "cares6": socket.AF_INET6}[how]
        result = await asked.getaddrinfo(name, family=family, type=socket.SOCK_STREAM)
        return [node.addr[0].decode() for node in result.nodes]


def main() -> None:
    """Print what was found, a line each, or "absent", or the fault."""
    how, name = sys.argv[1:]
    try:
        found = by_socket(how, name) if how in ("socket4", "socket6", "host") else asyncio.run(by_cares(how, name))
    except socket.gaierror as fault:
        found = ["absent"] if fault.errno in (socket.EAI_NONAME, socket.EAI_NODATA) else [str(fault)]
    except socket.herror as fault:
        found = ["absent"] if fault.errno in (1, 4) else [str(fault)]
    except Exception as fault:  # of whatever library: shown, and judged by the test
        found = (
            ["absent"] if any(word in str(fault) for word in ("not found", "no data", "No address")) else [repr(fault)]
        )
    print(*found, sep="\n")


main()
