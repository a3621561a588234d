"""What a reviewer does. Each action ends at a page that says what was recorded, and how to undo it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import quote

from auditor.errors import SealError, UsageError
from auditor.page.available_actions import available_verdicts
from auditor.page.requests import PageRequest
from auditor.page.responses import Page, Redirect
from auditor.page.views.categories import CATEGORIES
from auditor.page.views.log import log_page
from auditor.review.case_state import REVIEW_DAYS, CaseState
from auditor.review.ledger_events import LedgerAction
from auditor.review.review_types import ACTION_VERDICTS
from auditor.sealing.keys import decode_public_key
from auditor.timestamps import add_time


class CaseChanged(UsageError):
    """The case has changed since this reviewer looked at it."""


def act_on_case(page_request: PageRequest) -> Redirect:
    """Do the action that a form on a case page asks for. Raises :class:`UsageError`."""
    name, case = page_request.path["act"], page_request.path["case"]
    if name not in CASE_ACTIONS:
        raise UsageError(f"{name[:40]!r}: is not an action on a case")
    done = CASE_ACTIONS[name](page_request, case)
    group = page_request.form_value("group")
    return Redirect(f"/group/{quote(group, safe='')}?done={done}" if group else f"/case/{case}?done={done}")


def pass_case(page_request: PageRequest) -> Redirect:
    """Do the action of passing a case: leave it to others, without a reason and without a record."""
    case = page_request.path["case"]
    state = page_request.ledger.state(case)
    if state.is_claimed(page_request.ledger.now) and state.claimed_by == page_request.reviewer:
        page_request.ledger.release(case, page_request.reviewer)
    page_request.session.store.pass_case(case)
    return Redirect(f"/?done=passed&passed={case}")


def restore_passed_case(page_request: PageRequest) -> Redirect:
    """Do the action that undoes passing a case."""
    page_request.session.store.restore_case(page_request.path["case"])
    return Redirect(f"/case/{page_request.path['case']}?done=back")


def save_preferences(page_request: PageRequest) -> Redirect:
    """Do the action of saving a reviewer's settings. Raises :class:`UsageError`."""
    apart = tuple(category for category in page_request.form["apart"] if category in CATEGORIES)
    minutes = page_request.form_value("break_minutes")
    if not minutes.isascii() or not minutes.isdigit() or not 5 <= int(minutes[:4]) <= 240:
        raise UsageError("choose a reminder after 5 to 240 minutes")
    page_request.session.store.update(
        lambda old: replace(
            old,
            apart=apart,
            unmask="unmask" in page_request.form,
            keys="keys" in page_request.form,
            break_minutes=int(minutes),
        )
    )
    return Redirect("/settings?done=chosen")


def take_break(page_request: PageRequest) -> Redirect:
    """Do the action of taking a break: it is kept in memory only."""
    page_request.session.record_break()
    return Redirect("/?done=rested")


def verify_whole_ledger(page_request: PageRequest) -> Page | Redirect:
    """Do the action of verifying the whole ledger, against an earlier checkpoint if one is given.

    What takes long goes on while its page says how far it is.
    """
    earlier = page_request.form_value("earlier").replace("\r\n", "\n").strip("\n")
    witness = page_request.form_value("witness").strip()
    if witness and not earlier:
        raise UsageError("Paste the checkpoint that the witness cosigned.")
    try:
        key = decode_public_key(witness) if witness else b""
    except SealError as error:
        raise UsageError(f"The witness's key {error}.") from error
    service = page_request.service
    made = service.verifier.verify(service.ledger_session, earlier, witness, key)
    return Redirect("/log?verification=1") if made.running else log_page(page_request, made)


# Actions on a case: each records one event, and returns the key of its confirmation.


def _claim(page_request: PageRequest, case: str) -> str:
    """Do the action of claiming a case for the reviewer of the page."""
    page_request.ledger.claim(case, page_request.reviewer, seen=_seen_event(page_request))
    return "claimed"


def _release(page_request: PageRequest, case: str) -> str:
    """Do the action of releasing the claim of the reviewer of the page."""
    page_request.ledger.release(case, page_request.reviewer)
    return "released"


def _record_read(page_request: PageRequest, case: str) -> str:
    """Do the action of recording that the reviewer has read the page's case as it was shown."""
    _require_unchanged(page_request, page_request.ledger.state(case), _seen_event(page_request))
    page_request.ledger.record_read(case, page_request.reviewer, seen=_seen_event(page_request))
    return "read"


def _give_opinion(page_request: PageRequest, case: str) -> str:
    """Do the action of giving the opinion that the case waits for; an unclaimed case is claimed first."""
    ledger, me, seen = page_request.ledger, page_request.reviewer, _seen_event(page_request)
    state = ledger.state(case)
    _require_unchanged(page_request, state, seen)
    verdict, rules, why = page_request.form_value("verdict"), page_request.form["rule"], page_request.form_value("why")
    if not verdict:
        raise UsageError("Choose a verdict.")
    if not why.strip():
        raise UsageError(
            "Give your reasons: the other reviewers and the owner will read them, and an appeal is decided on them."
        )
    if verdict in ACTION_VERDICTS and not rules:
        raise UsageError("Choose at least one rule that justifies the verdict.")
    if verdict not in available_verdicts(state, me):
        raise UsageError("Choose one of the offered verdicts.")
    if verdict == "interim":
        ledger.interim(case, me, why=why, rules=rules)
        return "interim"
    if state.phase != "new":
        after = ledger.decide(
            case, me, verdict, why=why, rules=rules, review_by=review_by(page_request), seen=seen
        )  # fmt: skip
        return "disputed" if after.phase == "disputed" else "decided"
    if state.is_claimed(ledger.now):
        ledger.propose(case, me, verdict, why=why, rules=rules, seen=seen)
    else:  # claim and proposal in one transaction: a refusal leaves no claim behind
        opinion = {"verdict": verdict, "rules": list(rules), "why": why}
        until = {"until": add_time(ledger.now, hours=1)}
        ledger.record(LedgerAction("claimed", case, me, until), LedgerAction("proposed", case, me, opinion))
    return "proposed"


def _withdraw(page_request: PageRequest, case: str) -> str:
    """Do the action of withdrawing the reviewer's opinion or confirmation from the page's case."""
    page_request.ledger.withdraw(case, page_request.reviewer, seen=_seen_event(page_request))
    return "withdrawn"


def _confirm(page_request: PageRequest, case: str) -> str:
    """Do the action of confirming a near match, as the page's form states it."""
    page_request.ledger.confirm(case, page_request.reviewer, why=page_request.form_value("why"))
    return "confirmed"


def _reopen(page_request: PageRequest, case: str) -> str:
    """Do the action of reopening the page's case for the reason in the form."""
    page_request.ledger.reopen(case, page_request.reviewer, why=page_request.form_value("why"))
    return "reopened"


def _appeal(page_request: PageRequest, case: str) -> str:
    """Do the action of recording the appeal that the page's form states."""
    page_request.ledger.appeal(case, page_request.reviewer, why=page_request.form_value("why"))
    return "appealed"


def _decide_appeal(page_request: PageRequest, case: str) -> str:
    """Do the action of deciding the appeal of the page's case as the form states."""
    _require_unchanged(page_request, page_request.ledger.state(case), _seen_event(page_request))
    page_request.ledger.decide_appeal(
        case, page_request.reviewer, page_request.form_value("outcome"), why=page_request.form_value("why")
    )
    return "appeal-decided"


def _report(page_request: PageRequest, case: str) -> str:
    """Do the action of recording from the form that the case was reported, or that no report is due."""
    _require_unchanged(page_request, page_request.ledger.state(case), _seen_event(page_request))
    page_request.ledger.report(
        case,
        page_request.reviewer,
        page_request.form_value("outcome"),
        why=page_request.form_value("why"),
        seen=_seen_event(page_request),
    )
    return "reported"


def _record_step(page_request: PageRequest, case: str) -> str:
    """Do the action of recording from the form that a step of a report case is done, or not due."""
    _require_unchanged(page_request, page_request.ledger.state(case), _seen_event(page_request))
    page_request.ledger.record_step(
        case,
        page_request.reviewer,
        page_request.form_value("step"),
        outcome=page_request.form_value("outcome"),
        why=page_request.form_value("why"),
        seen=_seen_event(page_request),
    )
    return "step"


def _notify(page_request: PageRequest, case: str) -> str:
    """Do the action of recording from the form that the owner was notified."""
    page_request.ledger.notify(case, page_request.reviewer)
    return "notified"


def _tell_outcome(page_request: PageRequest, case: str) -> str:
    """Do the action of recording that the owner was told the outcome of the appeal."""
    page_request.ledger.tell_outcome(case, page_request.reviewer, seen=_seen_event(page_request))
    return "outcome-told"


CASE_ACTIONS: Mapping[str, Callable[[PageRequest, str], str]] = MappingProxyType(
    {
        "claim": _claim,
        "read": _record_read,
        "release": _release,
        "decide": _give_opinion,
        "withdraw": _withdraw,
        "confirm": _confirm,
        "reopen": _reopen,
        "appeal": _appeal,
        "decide-appeal": _decide_appeal,
        "report": _report,
        "step": _record_step,
        "notify": _notify,
        "tell-outcome": _tell_outcome,
    }
)
CONFIRMATIONS: Mapping[str, str] = MappingProxyType(
    {
        "claimed": "You have claimed the case for four hours.",
        "read": "Recorded: you have read the case.",
        "released": "Your claim is released. Nothing was decided.",
        "proposed": "Your proposal is recorded. Someone else now gives a second opinion without seeing yours. "
        "Until then you can withdraw it.",
        "disputed": "Your opinion is recorded. The reviewers differ: another person gives an opinion "
        "next, until two agree. Until then you can withdraw it.",
        "decided": "Recorded: two people agree, so the case is decided.",
        "interim": "Recorded: the subject is de-indexed for at most 72 hours. Two people must decide within this time.",
        "withdrawn": "Withdrawn. The ledger records that you withdrew it; nothing was decided.",
        "confirmed": "Recorded: a match was confirmed.",
        "reopened": "A new round has started. The current decision stays in force until another one replaces it.",
        "appealed": "The appeal is recorded. Someone who took no part in the case must decide it.",
        "appeal-decided": "The appeal is decided.",
        "reported": "Recorded.",
        "step": "The step is recorded.",
        "notified": "Recorded: the owner was notified.",
        "outcome-told": "Recorded: the owner was told the outcome of the appeal.",
        "passed": "You passed the case. Nobody is informed, and nothing was recorded.",
        "back": "The case is back in your queue.",
        "chosen": "Saved. Only you see these settings.",
        "rested": "Welcome back.",
        "none": "There is no other case that you can claim.",
    }
)


def _seen_event(page_request: PageRequest) -> int:
    """Return the last event of the case when an action's form was shown, -1 if it does not say."""
    text = page_request.form_value("seen")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _require_unchanged(page_request: PageRequest, state: CaseState, seen: int) -> None:
    """Refuse an action on a case that has changed since it was shown."""
    if seen >= 0 and state.last_event != seen:
        raise CaseChanged(
            "This case has changed since you opened it, in another tab or by someone else. "
            "Your input was not recorded. Read the case again, then send the text below once more if it is still right."
        )


def review_by(page_request: PageRequest) -> str:
    """Return the review date that the action's form asks for; "" for none."""
    days = page_request.form_value("review_days")
    return (
        add_time(page_request.ledger.now, days=min(int(days), REVIEW_DAYS)) if days.isascii() and days.isdigit() else ""
    )
