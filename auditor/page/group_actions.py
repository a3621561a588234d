"""What a reviewer does with a group of cases: take cases out of it, and decide on the others at once."""

from __future__ import annotations

from auditor.errors import UsageError
from auditor.page.actions import review_by
from auditor.page.requests import PageRequest
from auditor.page.responses import Page
from auditor.page.views.groups import OPINION_TABS, TAB_PHASES, available_group_verdicts, group_page
from auditor.review import saved_reasons
from auditor.review.case_groups import CaseGroup, open_members
from auditor.review.check_cases import read_check_cases
from auditor.review.group_decisions import GroupOpinion, decide_group


def act_on_group(page_request: PageRequest) -> Page:
    """Do what the form of a group asks for; the next page and a refusal show the group with what was typed."""
    group = page_request.service.find_group(page_request.ledger, page_request.path["group"])
    store, form = page_request.session.store, page_request.form
    if page_request.form_value("show") not in OPINION_TABS:
        raise UsageError("The form of the group is not complete. Go back, reload the page, and send it again.")
    store.leave_out(form["shown"], form["case"])
    if page_request.form_value("act") == "page":
        return group_page(page_request, after=page_request.form_value("next"))
    try:
        return _decide(page_request, group)
    except UsageError as error:
        return group_page(page_request, str(error), 422)


def _decide(page_request: PageRequest, group: CaseGroup) -> Page:
    """Do the action of deciding a group, or the cases of it that are ticked. Raises :class:`UsageError`."""
    ledger, form = page_request.ledger, page_request.form
    verdict, why, scope = (page_request.form_value(name) for name in ("verdict", "why", "scope"))
    show, save_as = page_request.form_value("show"), page_request.form_value("save_as").strip()
    if verdict not in available_group_verdicts(group):
        raise UsageError("Choose a verdict.")
    if scope not in ("page", "all"):
        raise UsageError("Choose which cases you decide on.")
    if not why.strip():
        raise UsageError(
            "Give your reasons: the other reviewers and the owners will read them, and an appeal is decided on them."
        )
    if page_request.form_value("saved") and "confirmed" not in form:
        raise UsageError("Confirm that the saved reasons are right for these cases.")
    if scope == "page" and not form["case"]:
        raise UsageError("Tick at least one case.")
    if save_as:
        saved_reasons.save_reason(ledger.folder, page_request.reviewer, save_as, why)
    members = {*open_members(ledger.database, group, TAB_PHASES[show])}
    members |= {one.id for one in read_check_cases(ledger.folder, group)}
    left = tuple(case for case in page_request.session.store.preferences.left_out if case in members)
    seen = page_request.form_value("seen")
    result = decide_group(
        ledger,
        GroupOpinion(
            group,
            page_request.reviewer,
            verdict,
            why,
            show == "first",
            only=form["case"] if scope == "page" else (),
            without=left if scope == "all" else (),
            review_by=review_by(page_request) if show == "second" else "",
            seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else -1,
        ),
    )
    return Page(
        "group_done.html",
        {
            "group": group,
            "id": page_request.path["group"],
            "result": result,
            "verdict": verdict,
            "stages": sorted({state.stage(ledger.now) for state in result.taken}),
            "show": show,
            "here": "queue",
        },
    )
