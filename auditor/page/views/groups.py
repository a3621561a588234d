"""Groups of like cases, and one group with what a reviewer must read of each case before deciding on it."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.errors import UsageError
from auditor.page.page_labels import VERDICT_LABELS
from auditor.page.requests import PageRequest
from auditor.page.responses import Page
from auditor.page.views.categories import CATEGORIES, hidden_categories
from auditor.reporting.labels import CASE_GROUNDS
from auditor.review.case_groups import CaseGroup, shared_keys, summarize_group
from auditor.review.case_state import REVIEW_DAYS, CaseState, Phase, Stage
from auditor.review.check_cases import CHECK_CASES, MIN_CHECKED_CASES
from auditor.review.group_view import read_members
from auditor.review.queue import QueueQuery
from auditor.review.review_types import GROUP_VERDICTS, Verdict
from auditor.review.saved_reasons import read_reasons

MAX_SHOWN_GROUPS = 200
MEMBERS_PER_PAGE = 50  # cases on one page of a group
# What may be decided of a group, by which opinion it is.
OPINION_TABS: Mapping[str, str] = {"first": "first opinions", "second": "second and further opinions"}
TAB_PHASES: Mapping[str, tuple[Phase, ...]] = {"first": ("new",), "second": ("proposed", "disputed")}
_TAB_STAGES: Mapping[str, tuple[Stage, ...]] = {"first": ("new", "claimed"), "second": ("proposed", "disputed")}
KIND_LABELS: Mapping[str, str] = {
    "dataset": "the same dataset",
    "list": "the same list",
    "parent": "made from the same model",
    "weights": "the same weights file",
}


def groups_page(page_request: PageRequest) -> Page:
    """Return the page of groups of open cases."""
    hidden = page_request.session.store.preferences.apart
    found = [one for one in page_request.ledger.groups() if one.group.ground not in hidden]
    return Page(
        "groups.html",
        {
            "rows": [(page_request.service.group_id(one.group), one) for one in found[:MAX_SHOWN_GROUPS]],
            "left_out": max(len(found) - MAX_SHOWN_GROUPS, 0),
            "kinds": KIND_LABELS,
            "here": "queue",
        },
    )


def group_page(page_request: PageRequest, error: str = "", status: int = 200, after: str = "") -> Page:
    """Return the page of one group, with what was typed into its form; after an error, with that.

    ``after`` is where its cases start; "" is as the form or the address says.
    """
    ledger, service, query = page_request.ledger, page_request.service, page_request.query
    group = service.find_group(ledger, page_request.path["group"])
    summary = summarize_group(ledger.database, group)
    show = page_request.form_value("show") or query["show"] or ("first" if summary.new else "second")
    if show not in OPINION_TABS:
        raise UsageError(f"{show[:40]!r}: show {', '.join(OPINION_TABS)}")
    after = after or page_request.form_value("after") or query["after"]
    asked = QueueQuery(stages=_TAB_STAGES[show], limit=MEMBERS_PER_PAGE, after=after[:200])
    members, more = read_members(ledger, asked, group)
    hidden = hidden_categories(page_request, members[0].row.case, group.ground) if members else ()
    if hidden and "anyway" not in query and not error:
        back = f"/group/{service.group_id(group)}?anyway=1"
        return Page("hidden_category.html", {"anyway": back, "hidden": hidden, "meanings": CATEGORIES})
    shared, reach = service.group_facts(ledger, group, TAB_PHASES[show])
    saved = read_reasons(ledger.folder, page_request.reviewer)
    store = page_request.session.store
    return Page(
        "group.html",
        {
            "group": group,
            "id": service.group_id(group),
            "summary": summary,
            "count": summary.new if show == "first" else summary.proposed + summary.disputed,
            "members": members,
            "more": more,
            "after": after,
            "show": show,
            "tabs": OPINION_TABS,
            "left_out": frozenset(store.preferences.left_out),
            "must_read": group.kind == "weights" and group.ground == "exposed",
            "verdicts": available_group_verdicts(group),
            "shared": [(service.group_id(one), one) for one in shared if one != group],
            "reach": reach,
            "review_days": (REVIEW_DAYS, 90, 30),
            "saved": saved,
            "reason": query["reason"] if query["reason"] in saved else "",
            "kinds": KIND_LABELS,
            "grounds": CASE_GROUNDS,
            "checked": MIN_CHECKED_CASES,
            "innocents": CHECK_CASES,
            "seen": ledger.size - 1,
            "error": error,
            "typed": page_request.form,
            "here": "queue",
        },
        status,
    )


def available_group_verdicts(group: CaseGroup) -> tuple[Verdict, ...]:
    """Return the verdicts that one decision may give to this group."""
    return tuple(
        verdict
        for verdict in VERDICT_LABELS
        if verdict in GROUP_VERDICTS and (verdict != "de-index" or group.kind == "weights")
    )


def groups_of_case(page_request: PageRequest, state: CaseState) -> list[tuple[str, CaseGroup]]:
    """Return the groups that an open case is in, with their ids: what it shares with others."""
    if state.ground == "report" or state.phase not in ("new", "proposed", "disputed"):
        return []
    made = (key.partition(":") for key in shared_keys(state) if not key.startswith("rule:"))
    found = [CaseGroup(state.ground, kind, name) for kind, _, name in made]
    return [(page_request.service.group_id(one), one) for one in found]
