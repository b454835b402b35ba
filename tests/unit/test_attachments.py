"""Which addresses are public, and what kind of file some bytes are."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasette_llm_tools.enrichments.attaching.addresses import is_public
from datasette_llm_tools.enrichments.attaching.media_types import media_type, name_for

PRIVATE_4 = st.one_of(
    *(
        st.ip_addresses(network=network)
        for network in ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16")
    )
)


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1",
        "93.184.215.14",
        "172.15.255.255",
        "172.32.0.1",
        "100.63.1.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001:800::2004",
        "2001:200::1",
        "2003::1",
    ],
)
def test_public_addresses(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.251",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2620:4f:8000::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "2606:4700::1%eth0",
        "2606:4700::5efe:7f00:1",
        "2606:4700::200:5efe:10.0.0.1",
    ],
)
def test_addresses_that_are_set_apart(text: str) -> None:
    assert not is_public(ip_address(text))


@given(PRIVATE_4)
def test_no_way_of_holding_a_private_address_makes_it_public(inner: IPv4Address) -> None:
    held = int(inner)
    assert not is_public(inner)
    for prefix, shift in (
        (0xFFFF << 32, 0),  # mapped
        (0, 0),  # compatible
        (0x64FF9B << 96, 0),  # NAT64
        (0x64FF9B0001 << 80, 0),  # NAT64 of one's own
        (0x2002 << 112, 80),  # 6to4
        (0x20010000 << 96, 0),  # Teredo
        ((0x2606 << 112) | (0x5EFE << 32), 0),  # ISATAP
    ):
        assert not is_public(IPv6Address(prefix | (held << shift)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF89a\x01\x00", "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", None),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"ID3\x04\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"OggS\x00\x02", "audio/ogg"),
        (b"fLaC\x00\x00", "audio/flac"),
        (b"\x00\x00\x00\x20ftypavif", "image/avif"),
        (b"\x00\x00\x00\x20ftypisom", None),  # a film
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<!doctype html><img src=x>", None),
        (b"\x1f\x8b\x08\x00", None),
        (b"PK\x03\x04", None),
        (b" %PDF-1.7", None),
        (b"RIFF", None),
        (b"", None),
    ],
)
def test_media_types(content: bytes, expected: str | None) -> None:
    assert media_type(content) == expected


@pytest.mark.parametrize(
    ("media", "accepted", "expected"),
    [
        ("image/png", {"image/png", "image/jpeg"}, "image/png"),
        ("audio/mpeg", {"audio/mp3"}, "audio/mp3"),
        ("audio/mpeg", {"audio/mp3", "audio/mpeg"}, "audio/mpeg"),
        ("image/tiff", {"image/png"}, None),
        ("image/png", set(), None),
    ],
)
def test_a_model_calls_a_type_by_its_own_name(
    media: str, accepted: set[str], expected: str | None
) -> None:
    assert name_for(media, accepted) == expected
