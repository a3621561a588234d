"""What one running review page serves: its ledger, reviewers, policy, templates and styles."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from auditor import render
from auditor.errors import UsageError
from auditor.page import actions, masking, messages, page_labels, readable_times, security
from auditor.page.ledger_session import LedgerSession
from auditor.page.preferences import PreferenceStore
from auditor.page.requests import PageRequest, QueryParameters
from auditor.page.responses import Page
from auditor.page.security import AccessControl
from auditor.page.verification import LedgerVerifier
from auditor.pipeline.report import Report, read_report
from auditor.policy.vocabularies import Vocabularies, load_vocabularies
from auditor.printable import printable
from auditor.review.case_groups import CaseGroup, weights_groups
from auditor.review.case_policy import load_case_policy
from auditor.review.case_state import Phase
from auditor.review.ledger import Ledger
from auditor.review.review_types import VERDICT_MEANINGS

if TYPE_CHECKING:
    from auditor.deindex.hubs import Hub
    from auditor.deindex.reach import DecisionReach
    from auditor.policy.load_policy import Policy


PAGE_FOLDER = Path(__file__).parent


NO_SUPPORT_TEXT = "no contact was given: ask who runs this ledger, and start the page with --support"


@dataclass
class ReviewService:
    """What one running page serves: a ledger, its reviewers, and the runs shown beside it."""

    ledger_session: LedgerSession
    access: AccessControl
    stores: Mapping[str, PreferenceStore]
    support: str = ""
    runs: tuple[Path, ...] = ()
    rules: tuple[Path, ...] = ()
    recipients: tuple[str, ...] = ()
    verifier: LedgerVerifier = field(default_factory=LedgerVerifier)
    _policies: dict[str, Policy] = field(default_factory=dict)
    _groups: dict[str, CaseGroup] = field(default_factory=dict)
    _group_facts: dict[tuple[str, tuple[Phase, ...]], tuple[int, tuple[CaseGroup, ...], DecisionReach]] = field(
        default_factory=dict
    )
    _reports: dict[Path, Report] = field(default_factory=dict)

    def links(self) -> Iterable[tuple[str, str]]:
        """Yield each reviewer and an address that lets their browser in, once."""
        return ((name, self.access.create_link(store)) for name, store in self.stores.items())

    def policy(self, ledger: Ledger, fingerprint: str) -> Policy:
        """Return the current rules with the lists that a case was evaluated with. Raises an AuditorError."""
        if fingerprint not in self._policies:
            self._policies[fingerprint] = load_case_policy(ledger.policy(fingerprint), self.rules)
        return self._policies[fingerprint]

    def group_id(self, group: CaseGroup) -> str:
        """Return the id of a group in an address, which names no dataset or model; :meth:`find_group` knows it now."""
        made = hashlib.sha256(str(group).encode()).hexdigest()[:16]
        self._groups[made] = group
        return made

    def group_facts(
        self, ledger: Ledger, group: CaseGroup, phases: tuple[Phase, ...]
    ) -> tuple[tuple[CaseGroup, ...], DecisionReach]:
        """Return a group's groups of weights, and what a decision takes with it: counted anew when the ledger grows."""
        from auditor.deindex.reach import group_reach

        size, key = ledger.size, (str(group), phases)
        if self._group_facts.get(key, (0,))[0] != size:
            shared = weights_groups(ledger.database, group)
            self._group_facts[key] = size, shared, group_reach(ledger, group, phases, self.hubs)
        return self._group_facts[key][1:]

    def find_group(self, ledger: Ledger, group: str) -> CaseGroup:
        """Return the group with this id. Raises :class:`UsageError`."""
        if group not in self._groups:
            for one in ledger.groups():
                self.group_id(one.group)
        if group not in self._groups:
            raise UsageError("There is no such group of open cases, or its cases are decided. Go back to the groups.")
        return self._groups[group]

    @cached_property
    def hubs(self) -> Mapping[str, Hub]:
        """The hubs whose addresses a decision takes with it."""
        from auditor.deindex.hubs import compile_hubs

        return compile_hubs(self.vocabularies)

    def reports(self) -> tuple[Report, ...]:
        """Return the runs that the page was started with; finished runs do not change."""
        for folder in self.runs:
            if folder not in self._reports:
                self._reports[folder] = read_report(folder)
        return tuple(self._reports[folder] for folder in self.runs)

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """The shipped vocabularies and those of the rules that the page was started with."""
        return load_vocabularies(self.rules)

    @cached_property
    def strong_words(self) -> masking.StrongWords:
        """The words that the page masks."""
        return masking.StrongWords.compile(self.vocabularies.terms)

    def masked_words(self, context: Mapping[str, Any]) -> masking.StrongWords | None:
        """Return the strong words that a template of the page masks, None if it shows them."""
        return None if context["unmasked"] else self.strong_words

    def unmasked(self, page_request: PageRequest) -> bool:
        """Return whether the reviewer asked to see strong words."""
        return page_request.session.store.preferences.unmask or page_request.query["words"] == "shown"

    @cached_property
    def style(self) -> str:
        """The style sheet that the page serves: that of the HTML report, and that of the forms."""
        report_style = Path(render.__file__).parent / "templates" / "report.css"
        return report_style.read_text("utf-8") + (PAGE_FOLDER / "templates" / "page.css").read_text("utf-8")

    @cached_property
    def script(self) -> str:
        """The keyboard shortcuts; the page works without them."""
        return (PAGE_FOLDER / "templates" / "keys.js").read_text("utf-8")

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The headers of every answer."""
        return security.response_headers(self.style, self.script)

    @cached_property
    def templates(self) -> jinja2.Environment:
        """The templates with their filters."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(PAGE_FOLDER / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            finalize=_printable_value,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["number"] = lambda number: f"{number:,}"
        environment.filters["prosaic"] = lambda text: " ".join(text.split())
        environment.filters["outside"] = jinja2.pass_context(
            lambda context, text, limit=masking.MAX_NAME_LENGTH: masking.masked_text_html(
                text, self.masked_words(context), limit
            )
        )
        environment.filters["person"] = jinja2.pass_context(
            lambda context, text: masking.masked_lines_html(text, self.masked_words(context))
        )
        environment.filters["when"] = lambda iso: _time_html(iso, readable_times.readable_time(iso))
        environment.filters["ago"] = jinja2.pass_context(
            lambda context, iso: _time_html(iso, readable_times.relative_time(iso, context["now"]))
        )
        environment.filters["message"] = messages.without_commands
        environment.filters["typed"] = lambda text: Markup.escape(text)
        environment.filters["query"] = lambda query, **more: urlencode(
            {name: value for name, value in {**query, **more}.items() if value}
        )
        environment.globals |= {
            "STAGE": page_labels.STAGE_LABELS,
            "KEY": page_labels.FACT_LABELS,
            "meanings": VERDICT_MEANINGS,
            "VERDICT": page_labels.VERDICT_LABELS,
            "happened": page_labels.event_label,
        }
        return environment

    def render(self, shown: Page, now: str, page_request: PageRequest | None = None) -> Response:
        """Return the answer that shows a page."""
        content: dict[str, Any] = {
            "css": Markup(self.style),
            "js": Markup(self.script),
            "now": now,
            "support": self.support or NO_SUPPORT_TEXT,
            "me": "",
            "keys": False,
            "unmasked": True,
            "rest": 0,
            "done": "",
            "query": QueryParameters(),
            "quoted": page_labels.FULLY_MASKED_KEYS,
            "here": shown.template.removesuffix(".html"),
        }
        if page_request is not None:
            session = page_request.session
            minutes, choices = session.minutes_without_break(), session.store.preferences
            content |= {
                "me": page_request.reviewer,
                "keys": choices.keys,
                "unmasked": self.unmasked(page_request),
                "rest": minutes if minutes >= choices.break_minutes else 0,
                "done": actions.CONFIRMATIONS.get(page_request.query["done"], ""),
                "query": page_request.query,
                "token": session.token,
            }
        text = self.templates.get_template(shown.template).render({**content, **shown.content})
        return HTMLResponse(text.encode("utf-8", "xmlcharrefreplace"), shown.status)


def _time_html(iso: str, said: str) -> Markup:
    """Return a time as HTML for the templates of the page's service: an element with a title."""
    return (
        Markup('<time datetime="{}" title="{}">{}</time>').format(iso, readable_times.readable_time(iso), said)
        if iso
        else Markup()
    )


def _printable_value(value: object) -> object:
    """Return a value of the service's templates with control characters escaped, before HTML escaping."""
    return printable(value, 1000) if isinstance(value, str) and not isinstance(value, Markup) else value
