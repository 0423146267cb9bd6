"""Reading from servers that misbehave."""

import gzip
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.ingest.sources.http import BlockedAddressError, FetchError, Reader, is_public, retry_after

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def reader(*, allow=("127.0.0.1",), resolve=None, timeout_seconds=5, max_bytes=100_000):
    return Reader(
        allow_hosts=frozenset(allow),
        user_agent="Veilleur/test",
        timeout_seconds=timeout_seconds,
        max_bytes=max_bytes,
        resolve=resolve,
    )


async def fetch(url, *, etag=None, last_modified=None, **options):
    return await reader(**options).fetch(url, etag=etag, last_modified=last_modified, now=NOW)


def resolving(**names):
    """A resolver that knows `names` (underscores are dots) and notes what it was asked."""
    asked = []

    async def resolve(host, _port):
        asked.append(host)
        return names[host.replace(".", "_")]

    return resolve, asked


async def test_a_document_comes_with_its_validators(web):
    web.page(
        "/rss", "<rss/>", ETag='"1"', Last_Modified="Mon, 02 Mar 2026 07:00:00 GMT", Content_Type="text/xml"
    )
    got = await fetch(web.url("/rss"))
    assert (got.status, got.body, got.etag, got.content_type) == (200, b"<rss/>", '"1"', "text/xml")
    assert got.last_modified == "Mon, 02 Mar 2026 07:00:00 GMT"
    assert web.asked[0].headers["user-agent"] == "Veilleur/test"
    assert "if-none-match" not in web.asked[0].headers


async def test_what_did_not_change_is_not_sent_again(web):
    web.page("/rss", status=304, ETag='"1"')
    got = await fetch(web.url("/rss"), etag='"1"', last_modified="yesterday")
    assert got.unchanged
    assert web.asked[0].headers["if-none-match"] == '"1"'
    assert web.asked[0].headers["if-modified-since"] == "yesterday"


async def test_validators_that_could_not_be_sent_back_are_dropped(web):
    web.page("/rss", "x", ETag='"é"', Last_Modified="x" * 2_000)
    got = await fetch(web.url("/rss"))
    assert (got.etag, got.last_modified) == (None, None)


@pytest.mark.parametrize("status", [404, 410, 429, 500, 503, 206])
async def test_an_error_says_its_status_and_how_long_to_stay_away(web, status):
    web.page("/rss", "oops", status=status, Retry_After="120")
    with pytest.raises(FetchError) as caught:
        await fetch(web.url("/rss"))
    assert (caught.value.status, caught.value.retry_after) == (status, timedelta(seconds=120))


async def test_a_document_cut_in_the_middle_is_no_document(web):
    async def cut(_asked, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>")
        await writer.drain()

    web.pages["/rss"] = cut
    with pytest.raises(FetchError, match="RemoteProtocolError"):
        await fetch(web.url("/rss"))


async def test_a_huge_document_is_left_after_the_limit(web):
    sent = 0

    async def flood(_asked, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while sent < 100_000_000:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    web.pages["/rss"] = flood
    with pytest.raises(FetchError, match="Larger than 100000"):
        await fetch(web.url("/rss"))
    assert sent < 50_000_000


async def test_a_small_document_that_unpacks_to_a_huge_one_is_left(web):
    web.page("/rss", gzip.compress(b"x" * 10_000_000), Content_Encoding="gzip")
    with pytest.raises(FetchError, match="Larger than"):
        await fetch(web.url("/rss"))
    web.page("/rss", gzip.compress(gzip.compress(b"x")), Content_Encoding="gzip, gzip")
    with pytest.raises(FetchError, match="several times"):
        await fetch(web.url("/rss"))


async def test_a_packed_document_is_unpacked(web):
    web.page("/rss", gzip.compress(b"<rss/>"), Content_Encoding="gzip")
    assert (await fetch(web.url("/rss"))).body == b"<rss/>"
    web.page("/rss", b"not gzip", Content_Encoding="gzip")
    with pytest.raises(FetchError, match="DecodingError"):
        await fetch(web.url("/rss"))


async def test_a_server_that_says_nothing_is_not_waited_for(web):
    async def hang(_asked, writer):
        await writer.wait_closed()

    web.pages["/rss"] = hang
    with pytest.raises(FetchError, match=r"within 0\.2 s"):
        await fetch(web.url("/rss"), timeout_seconds=0.2)


async def test_redirects_are_followed_five_times(web):
    for hop in range(6):
        web.page(f"/{hop}", status=302, Location=f"/{hop + 1}")
    web.page("/6", "there")
    got = await fetch(web.url("/1"))
    assert (got.body, got.url) == (b"there", web.url("/6"))
    with pytest.raises(FetchError, match="More than 5"):
        await fetch(web.url("/0"))


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://x/", "http://[::1", "//"])
async def test_a_redirect_out_of_the_web_is_refused(web, target):
    web.page("/rss", status=301, Location=target)
    with pytest.raises(FetchError):
        await fetch(web.url("/rss"))


async def test_nobody_listening_is_an_error_of_ours(unused_tcp_port):
    with pytest.raises(FetchError, match="ConnectError"):
        await fetch(f"http://127.0.0.1:{unused_tcp_port}/")


async def test_an_unknown_name_is_an_error_of_ours():
    async def resolve(_host, _port):
        raise OSError("no such name")

    with pytest.raises(FetchError, match="cannot be looked up"):
        await fetch("http://nowhere.example/", resolve=resolve)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "127.1"])
async def test_this_machine_is_not_read(web, host):
    web.page("/", "secret")
    with pytest.raises(FetchError) as caught:
        await fetch(web.url("/", host=host), allow=())
    assert web.asked == []
    assert isinstance(caught.value, BlockedAddressError) or "looked up" in str(caught.value)


async def test_a_redirect_to_a_private_address_is_not_followed(web):
    resolve, _ = resolving(feed_test=["127.0.0.1"], **{"127_0_0_1": ["127.0.0.1"]})
    web.page("/rss", status=302, Location=web.url("/secret"))
    web.page("/secret", "secret")
    with pytest.raises(BlockedAddressError, match=r"127\.0\.0\.1"):
        await fetch(web.url("/rss", host="feed.test"), allow=("feed.test",), resolve=resolve)
    assert [asked.path for asked in web.asked] == ["/rss"]


async def test_one_private_address_among_public_ones_is_enough_to_refuse():
    resolve, _ = resolving(feed_test=["8.8.8.8", "10.0.0.1"])
    with pytest.raises(BlockedAddressError):
        await fetch("http://feed.test/", resolve=resolve)


async def test_the_address_that_was_checked_is_the_one_that_is_reached(web):
    resolve, asked = resolving(feed_test=["127.0.0.1"])
    web.page("/rss", "x")
    await fetch(web.url("/rss", host="feed.test"), allow=("feed.test",), resolve=resolve)
    assert asked == ["feed.test"]
    assert web.asked[0].headers["host"] == f"feed.test:{web.port}"


async def test_the_next_address_is_tried_when_one_does_not_answer(web):
    resolve, _ = resolving(feed_test=["127.0.0.99", "127.0.0.1"])
    web.page("/rss", "x")
    assert (
        await fetch(web.url("/rss", host="feed.test"), allow=("feed.test",), resolve=resolve)
    ).body == b"x"


async def test_the_certificate_is_that_of_the_name_not_of_the_address(serve_web, tmp_path):
    authority, server = certified(tmp_path, "feed.test")
    web = await serve_web(server)
    web.page("/rss", "x")
    resolve, _ = resolving(feed_test=["127.0.0.1"], other_test=["127.0.0.1"])
    client = reader(allow=("feed.test", "other.test"), resolve=resolve)
    client._certificates.load_verify_locations(cadata=authority)
    url = web.url("/rss", "feed.test", "https")
    assert (await client.fetch(url, etag=None, last_modified=None, now=NOW)).body == b"x"
    with pytest.raises(FetchError, match=r"other\.test"):
        await client.fetch(web.url("/rss", "other.test", "https"), etag=None, last_modified=None, now=NOW)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("ff0e::1", False),
    ],
)
def test_which_addresses_are_public(address, public):
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120),
        (" 0 ", 0),
        ("9" * 400, 10**8),
        (format_datetime(NOW + timedelta(minutes=3), usegmt=True), 180),
        (format_datetime(NOW - timedelta(minutes=3), usegmt=True), 0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    found = retry_after(value, NOW)
    assert (found.total_seconds() if found is not None else None) == seconds


def certified(folder, name):
    """A self-signed certificate of `name`: as PEM, and as the context of a server."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(pem + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return pem.decode(), context
