"""URLs and domains: published canonical forms and expressions, registrable domains, and columns of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.known.urls import canonical_url, registrable_domain, url_expressions

# The vectors of https://developers.google.com/safe-browsing/v4/urls-hashing#canonicalization; the byte 0x80 of one
# of them is a surrogate escape here.
PUBLISHED = (
    ("http://host/%25%32%35", "http://host/%25"),
    ("http://host/%25%32%35%25%32%35", "http://host/%25%25"),
    ("http://host/%2525252525252525", "http://host/%25"),
    ("http://host/asdf%25%32%35asd", "http://host/asdf%25asd"),
    ("http://host/%%%25%32%35asd%%", "http://host/%25%25%25asd%25%25"),
    ("http://www.google.com/", "http://www.google.com/"),
    (
        "http://%31%36%38%2e%31%38%38%2e%39%39%2e%32%36/%2E%73%65%63%75%72%65/%77%77%77%2E%65%62%61%79%2E%63%6F%6D/",
        "http://168.188.99.26/.secure/www.ebay.com/",
    ),
    (
        "http://195.127.0.11/uploads/%20%20%20%20/.verify/"
        ".eBaysecure=updateuserdataxplimnbqmn-xplmvalidateinfoswqpcmlx=hgplmcx/",
        "http://195.127.0.11/uploads/%20%20%20%20/.verify/"
        ".eBaysecure=updateuserdataxplimnbqmn-xplmvalidateinfoswqpcmlx=hgplmcx/",
    ),
    (
        "http://host%23.com/%257Ea%2521b%2540c%2523d%2524e%25f%255E00%252611%252A22%252833%252944_55%252B",
        "http://host%23.com/~a!b@c%23d$e%25f^00&11*22(33)44_55+",
    ),
    ("http://3279880203/blah", "http://195.127.0.11/blah"),
    ("http://www.google.com/blah/..", "http://www.google.com/"),
    ("www.google.com/", "http://www.google.com/"),
    ("www.google.com", "http://www.google.com/"),
    ("http://www.evil.com/blah#frag", "http://www.evil.com/blah"),
    ("http://www.GOOgle.com/", "http://www.google.com/"),
    ("http://www.google.com.../", "http://www.google.com/"),
    ("http://www.google.com/foo\tbar\rbaz\n2", "http://www.google.com/foobarbaz2"),
    ("http://www.google.com/q?", "http://www.google.com/q?"),
    ("http://www.google.com/q?r?", "http://www.google.com/q?r?"),
    ("http://www.google.com/q?r?s", "http://www.google.com/q?r?s"),
    ("http://evil.com/foo#bar#baz", "http://evil.com/foo"),
    ("http://evil.com/foo;", "http://evil.com/foo;"),
    ("http://evil.com/foo?bar;", "http://evil.com/foo?bar;"),
    ("http://\x01\udc80.com/", "http://%01%80.com/"),
    ("http://notrailingslash.com", "http://notrailingslash.com/"),
    ("http://www.gotaport.com:1234/", "http://www.gotaport.com/"),
    ("  http://www.google.com/  ", "http://www.google.com/"),
    ("http:// leadingspace.com/", "http://%20leadingspace.com/"),
    ("http://%20leadingspace.com/", "http://%20leadingspace.com/"),
    ("%20leadingspace.com/", "http://%20leadingspace.com/"),
    ("https://www.securesite.com/", "https://www.securesite.com/"),
    ("http://host.com/ab%23cd", "http://host.com/ab%23cd"),
    ("http://host.com//twoslashes?more//slashes", "http://host.com/twoslashes?more//slashes"),
)


@pytest.mark.parametrize(("url", "expected"), PUBLISHED)
def test_published_canonical_forms(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


# https://developers.google.com/safe-browsing/v4/urls-hashing#suffixprefix-expressions
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "http://a.b.c/1/2.html?param=1",
            "a.b.c/1/2.html?param=1 a.b.c/1/2.html a.b.c/ a.b.c/1/ b.c/1/2.html?param=1 b.c/1/2.html b.c/ b.c/1/",
        ),
        (
            "http://a.b.c.d.e.f.g/1.html",
            "a.b.c.d.e.f.g/1.html a.b.c.d.e.f.g/ c.d.e.f.g/1.html c.d.e.f.g/ d.e.f.g/1.html d.e.f.g/ "
            "e.f.g/1.html e.f.g/ f.g/1.html f.g/",
        ),
        ("http://1.2.3.4/1/", "1.2.3.4/1/ 1.2.3.4/"),
    ],
)
def test_published_expressions(url: str, expected: str) -> None:
    assert sorted(url_expressions(url)) == sorted(expected.split())


def test_a_long_url_has_thirty_expressions() -> None:
    found = url_expressions("http://a.b.c.d.e.f.g/1/2/3/4/5/6.html?x=1")
    assert len(found) == len(set(found)) == 30
    assert found[0] == "a.b.c.d.e.f.g/1/2/3/4/5/6.html?x=1"
    assert "c.d.e.f.g/1/2/3/" in found
    assert "c.d.e.f.g/1/2/3/4/" not in found


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://user:word@Example.COM:8080/a", "http://example.com/a"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://017700000001/", "http://127.0.0.1/"),
        ("http://example.com\\a\\b", "http://example.com/a/b"),
        ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]/"),
        ("data:image/png;base64,AAAA", ""),
        ("mailto:a@example.com", ""),
        ("", ""),
        ("http://", ""),
        ("http://example.com/" + "%25" * 10_000, ""),
    ],
)
def test_other_spellings_of_a_url(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


@given(st.text(max_size=60))
def test_canonical_forms_never_raise_and_stay_as_they_are(text: str) -> None:
    once = canonical_url(text)
    if once and "%" not in once:
        assert canonical_url(once) == once


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("co.uk", ""),
        ("someone.github.io", "someone.github.io"),
        ("WWW.Example.COM", "example.com"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_the_registrable_domain_of_a_host(host: str, expected: str) -> None:
    assert registrable_domain(host) == expected


@pytest.mark.corpus
def test_the_public_suffix_lists_own_vectors(corpus: Path) -> None:
    path = corpus / "06-scanners-and-hostile-inputs/publicsuffix/tests/tests.txt"
    wrong = []
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("//"):
            host, expected = line.split()
            if (
                host != "null"
                and not host.startswith(".")
                and registrable_domain(host) != ("" if expected == "null" else canonical_url(expected)[7:-1])
            ):
                wrong.append((host, expected, registrable_domain(host)))
    assert wrong == []
