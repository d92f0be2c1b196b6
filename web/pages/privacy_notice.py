"""What a page says of how long questions are kept and who can see them: from the settings, or the site's own words."""

from __future__ import annotations

from web.i18n import Texts
from web.settings import WebSettings

_NONE = "off"


def privacy_notice(settings: WebSettings, texts: Texts) -> list[str]:
    """The lines to show: none where nobody signs in and no words are set, or the words are "off"."""
    if settings.privacy_notice:
        return [] if settings.privacy_notice == _NONE else [settings.privacy_notice]
    if not settings.signs_people_in:
        return []
    lines = [_for_days(texts, "notice.conversations", settings.keep_conversations_days)]
    if settings.keep_questions_days:
        lines.append(texts("notice.questions", count=settings.keep_questions_days))
    if settings.keep_feedback_days:
        lines.append(texts("notice.feedback", count=settings.keep_feedback_days))
    if settings.audit != "off":
        lines.append(texts(f"notice.audit.{settings.audit_questions}"))
        lines.append(_for_days(texts, "notice.audit.kept", settings.keep_audit_days))
    return [*lines, texts("notice.rights")]


def _for_days(texts: Texts, key: str, days: int) -> str:
    """The text for so many days, or the one for none."""
    return texts(key, count=days) if days else texts(f"{key}.none")
