"""What the columns of ranking and work list are called and mean, and what their codes are called, in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from churnml.features.sentences import Language, number_writer

Kind = Literal["text", "share", "money", "day", "count", "flag"]


@dataclass(frozen=True)
class Column:
    """A column in the words of one language.

    Attributes
    ----------
    name
        Its name in the files for machines.
    kind
        How its values are written.
    codes
        The kind of code that it holds, for ``name_of``; null where its values stand for themselves.
    title, meaning
        What people call it, and what it tells them.
    """

    name: str
    kind: Kind
    codes: str | None
    title: str
    meaning: str


def column(name: str, language: Language) -> Column:
    """Describe a column; one that churnml does not know is text under its own name.

    Examples
    --------
    >>> column("value_at_risk", "tr").title
    'Risk altındaki değer'
    >>> column("shop_region", "en").title
    'Shop region'
    """
    if name not in _COLUMNS:
        return Column(name, "text", None, name.replace("_", " ").capitalize(), "")
    kind, codes, words = _COLUMNS[name]
    return Column(name, kind, codes, *words[language])


def columns(language: Language) -> dict[str, Column]:
    """Describe every column that churnml knows, by name, in the order of a work list."""
    return {name: column(name, language) for name in _COLUMNS}


def name_of(kind: str, value: Any, language: Language) -> str:
    """Name the value of a code; one that churnml does not know, such as a concept of one's own, stands for itself.

    Parameters
    ----------
    kind
        One of ``risk_band, segment, lifecycle_stage, concept, change, excluded, outcome, flag``.
    value
        The code.
    language
        Language of the name.

    Examples
    --------
    >>> name_of("concept", "delivery", "tr"), name_of("excluded", "less than 40% likely to leave", "tr")
    ('Teslimat', 'Ayrılma olasılığı %40 sınırının altında')
    """
    names = _NAMES.get(kind, {})
    if value in names:
        return names[value][language]
    unlikely = re.fullmatch(r"less than (\d+)% likely to leave", str(value)) if kind == "excluded" else None
    if unlikely is None:
        return str(value)
    return _UNLIKELY[language].format(number_writer("share", language)(int(unlikely[1]) / 100))


def names_in(language: Language) -> dict[str, dict[str, str]]:
    """Give the names of all codes in a language, by kind and code; ``column`` holds the columns' titles."""
    named = {kind: {code: words[language] for code, words in names.items()} for kind, names in _NAMES.items()}
    return {"column": {name: each.title for name, each in columns(language).items()}, **named}


_Words = Mapping[Language, str]


def _said(en: str, tr: str) -> dict[Language, str]:
    return {"en": en, "tr": tr}


def _column(
    kind: Kind, en: tuple[str, str], tr: tuple[str, str], codes: str | None = None
) -> tuple[Kind, str | None, dict[Language, tuple[str, str]]]:
    return kind, codes, {"en": en, "tr": tr}


_COLUMNS = {
    "list_rank": _column(
        "count",
        ("Place", "Place on the work list; 1 is contacted first."),
        ("Sıra", "İş listesindeki sıra; önce 1 numarayla iletişim kurulur."),
    ),
    "customer_id": _column(
        "text",
        ("Customer", "The shop's own id of the customer, or the pseudonym that stands for it."),
        ("Müşteri", "Mağazanın kendi müşteri numarası veya onun yerine geçen takma ad."),
    ),
    "churn_probability": _column(
        "share",
        ("Chance of leaving", "Probability that she leaves: of 100 customers with 80 %, about 80 do."),
        ("Ayrılma olasılığı", "Ayrılma olasılığı: olasılığı %80 olan 100 müşteriden yaklaşık 80 tanesi ayrılır."),
    ),
    "risk_band": _column(
        "text",
        ("Risk", "Very high from a chance of 75 %, high from 50 %, medium from 25 %, otherwise low."),
        ("Risk", "Olasılık %75 veya üzerindeyse çok yüksek, %50 ise yüksek, %25 ise orta, yoksa düşük."),
        codes="risk_band",
    ),
    "value_at_risk": _column(
        "money",
        (
            "Value at risk",
            "Chance of leaving times what she will be worth if she stays, net of returns and cancelled orders.",
        ),
        (
            "Risk altındaki değer",
            "Ayrılma olasılığı ile kalırsa getirmesi beklenen net değerin (iade ve iptaller düşülmüş) çarpımı.",
        ),
    ),
    "play": _column(
        "text",
        ("Play", "What to do for her."),
        ("Aksiyon", "Onun için ne yapılacağı."),
    ),
    "reason_1": _column(
        "text",
        (
            "Reason",
            "What goes with her risk, with her own numbers; what one can act on comes first. It need not be the cause.",
        ),
        (
            "Neden",
            "Riskiyle birlikte görülen şey, kendi sayılarıyla; önce bir şey yapılabilecek olanlar gelir. Riskin sebebi "
            "olmayabilir.",
        ),
    ),
    "reason_2": _column(
        "text",
        ("Second reason", "The next reason, if there is one."),
        ("İkinci neden", "Varsa sıradaki neden."),
    ),
    "reason_3": _column(
        "text",
        ("Third reason", "The next reason, if there is one."),
        ("Üçüncü neden", "Varsa sıradaki neden."),
    ),
    "contact_by": _column(
        "day",
        (
            "Contact by",
            "On this day the chance that she orders again by herself falls below the set level. Empty where that is "
            "further away than the days that the list looks ahead.",
        ),
        (
            "Son iletişim günü",
            "Kendiliğinden yeniden sipariş verme olasılığının belirlenen sınırın altına düştüğü gün. Bu, listenin "
            "ileriye baktığı günlerden daha uzaksa boştur.",
        ),
    ),
    "change": _column(
        "text",
        (
            "Change",
            "Against the earlier list: new, worse or better (by 10 points or more), or the same. Empty without one.",
        ),
        (
            "Değişiklik",
            "Önceki listeye göre: yeni, kötüleşti veya iyileşti (10 puan veya daha fazla) ya da aynı. Önceki liste "
            "yoksa boştur.",
        ),
        codes="change",
    ),
    "segment": _column(
        "text",
        (
            "Segment",
            "Where she stands among all by how recently, how often and for how much she bought (RFM).",
        ),
        (
            "Segment",
            "Ne zaman, ne sıklıkta ve ne tutarda alışveriş yaptığına göre müşteriler arasındaki yeri (RFM).",
        ),
        codes="segment",
    ),
    "lifecycle_stage": _column(
        "text",
        ("Stage", "Where she stands in her life as a customer, against her own pace of ordering."),
        ("Aşama", "Kendi sipariş temposuna göre müşteri olarak hangi aşamada olduğu."),
        codes="lifecycle_stage",
    ),
    "last_order_at": _column(
        "day",
        ("Last order", "Her last order that was not cancelled."),
        ("Son sipariş", "İptal edilmemiş son siparişi."),
    ),
    "expected_profit": _column(
        "money",
        (
            "Expected profit",
            "What contacting her is expected to bring after the costs of contact and offer. It rests on assumptions "
            "until a holdout has measured them.",
        ),
        (
            "Beklenen kâr",
            "İletişim ve teklif maliyeti düşüldükten sonra onunla iletişimin getirmesi beklenen kâr. Bir kontrol grubu "
            "ölçene kadar varsayımlara dayanır.",
        ),
    ),
    "contactable": _column(
        "flag",
        (
            "May be contacted",
            "Whether the customer has consented. Empty where the shop does not say it of this customer, or of anybody.",
        ),
        (
            "İletişim izni",
            "İletişime izin verip vermediği. Mağaza bunu bu müşteri için ya da hiç kimse için bildirmiyorsa boştur.",
        ),
        codes="flag",
    ),
    "play_rule": _column(
        "text",
        ("Rule", "The rule of the plays file that chose the play."),
        ("Kural", "Aksiyonu seçen kural (aksiyon dosyasında)."),
    ),
    "risk_rank": _column(
        "count",
        ("Rank by risk", "Place among all ranked customers; 1 is the most likely to leave."),
        ("Risk sırası", "Sıralanan tüm müşteriler arasındaki yeri; 1 ayrılma olasılığı en yüksek olandır."),
    ),
    "reason_1_concept": _column(
        "text",
        ("Subject", "What the first reason is about."),
        ("Konu", "İlk nedenin konusu."),
        codes="concept",
    ),
    "reason_2_concept": _column(
        "text",
        ("Second subject", "What the second reason is about."),
        ("İkinci konu", "İkinci nedenin konusu."),
        codes="concept",
    ),
    "reason_3_concept": _column(
        "text",
        ("Third subject", "What the third reason is about."),
        ("Üçüncü konu", "Üçüncü nedenin konusu."),
        codes="concept",
    ),
    "holdout": _column(
        "flag",
        (
            "Holdout",
            "Whether she is left alone on purpose, by lot, so that one sees what contacts bring; such customers are "
            "not on the work list.",
        ),
        (
            "Kontrol grubu",
            "İletişimin ne getirdiği görülsün diye kurayla seçilip bilerek rahat bırakılıp bırakılmadığı; böyle "
            "müşteriler iş listesinde yer almaz.",
        ),
        codes="flag",
    ),
    "arm_until": _column(
        "day",
        ("In her group until", "Until this day she stays in the holdout, or out of it."),
        ("Grubu şu güne dek", "Bu güne kadar kontrol grubunda veya dışında kalır."),
    ),
    "snapshot_date": _column(
        "day",
        ("Day of the list", "What was known before this day is in the list, and nothing else."),
        ("Listenin günü", "Listede bu günden önce bilinenler vardır, başka bir şey yoktur."),
    ),
    "measure_on": _column(
        "day",
        ("Outcome known on", "The day on which it is known who left."),
        ("Sonucun belli olduğu gün", "Kimin ayrıldığının belli olacağı gün."),
    ),
    "model_version": _column(
        "text",
        ("Model", "Version of the model: a fingerprint of its files."),
        ("Model", "Modelin sürümü: dosyalarının parmak izi."),
    ),
    "owner": _column(
        "text",
        ("Owner", "To fill in: who takes care of her."),
        ("Sorumlu", "Doldurulacak: onunla kimin ilgilendiği."),
    ),
    "outcome": _column(
        "text",
        ("Outcome", "To fill in: what came of it. The cell offers a choice."),
        ("Sonuç", "Doldurulacak: ne olduğu. Hücrede seçenekler çıkar."),
        codes="outcome",
    ),
    "note": _column(
        "text",
        ("Note", "To fill in: whatever else is worth knowing."),
        ("Not", "Doldurulacak: bilinmeye değer başka ne varsa."),
    ),
}

_UNLIKELY = _said("Less than {} likely to leave", "Ayrılma olasılığı {} sınırının altında")

_NAMES: dict[str, dict[Any, _Words]] = {
    "risk_band": {
        "very high": _said("Very high", "Çok yüksek"),
        "high": _said("High", "Yüksek"),
        "medium": _said("Medium", "Orta"),
        "low": _said("Low", "Düşük"),
    },
    "segment": {
        "Champions": _said("Champions", "Şampiyonlar"),
        "Loyal": _said("Loyal", "Sadık"),
        "Potential loyalist": _said("Potential loyalist", "Sadık olabilecek"),
        "New": _said("New", "Yeni"),
        "Promising": _said("Promising", "Umut veren"),
        "Need attention": _said("Need attention", "İlgi bekleyen"),
        "About to sleep": _said("About to sleep", "Uyumak üzere"),
        "At risk": _said("At risk", "Risk altında"),
        "Cannot lose them": _said("Cannot lose them", "Kaybedilmemeli"),
        "Hibernating": _said("Hibernating", "Uykuda"),
        "Lost": _said("Lost", "Kaybedilmiş"),
    },
    "lifecycle_stage": {
        "new": _said("New", "Yeni"),
        "active": _said("Active", "Aktif"),
        "loyal": _said("Loyal", "Sadık"),
        "VIP": _said("VIP", "VIP"),
        "slowing": _said("Slowing", "Yavaşlayan"),
        "at risk": _said("At risk", "Risk altında"),
        "lapsed": _said("Lapsed", "Uzaklaşmış"),
        "lost": _said("Lost", "Kaybedilmiş"),
        "won back": _said("Won back", "Geri kazanılmış"),
    },
    "concept": {
        "complaints": _said("Complaints", "Şikâyetler"),
        "contacts": _said("Messages", "Mesajlar"),
        "delivery": _said("Delivery", "Teslimat"),
        "level": _said("Level of the shop", "Mağazanın genel düzeyi"),
        "order history": _said("Order history", "Sipariş geçmişi"),
        "pace": _said("Own pace", "Kendi temposu"),
        "price": _said("Price and discounts", "Fiyat ve indirimler"),
        "range": _said("Range of products", "Ürün çeşitliliği"),
        "recent orders": _said("Recent orders", "Son siparişler"),
        "returns": _said("Returns", "İadeler"),
        "reviews": _said("Reviews", "Değerlendirmeler"),
        "rewards": _said("Loyalty programme", "Sadakat programı"),
        "season": _said("Season", "Mevsim"),
        "spend": _said("Spend", "Harcama"),
        "subscription": _said("Subscription", "Abonelik"),
        "visits": _said("Visits", "Ziyaretler"),
    },
    "change": {
        "new": _said("New on the list", "Listeye yeni girdi"),
        "worse": _said("Worse", "Kötüleşti"),
        "better": _said("Better", "İyileşti"),
        "same": _said("Same", "Aynı"),
        "recovered": _said("Recovered", "Yeniden kazanıldı"),
        "came back": _said("Came back unaided", "Kendiliğinden döndü"),
        "lost": _said("Lost", "Kaybedildi"),
        "off the list": _said("Off the list", "Listeden çıktı"),
    },
    "excluded": {
        "already lost": _said("Already lost", "Zaten kaybedilmiş"),
        "not overdue against her own pace": _said(
            "Not overdue against her own pace", "Kendi temposuna göre gecikmemiş"
        ),
        "no consent": _said("No consent", "İletişim izni yok"),
        "consent unknown": _said("Consent unknown", "İletişim izni bilinmiyor"),
        "contacted within the cool-down": _said(
            "Contacted within the cool-down", "Bekleme süresi içinde iletişim kurulmuş"
        ),
        "the play is to leave her alone": _said("The play is to leave her alone", "Aksiyonu rahat bırakmak"),
        "a contact would cost more than it brings": _said(
            "A contact would cost more than it brings", "İletişim getireceğinden pahalıya gelir"
        ),
        "in the holdout": _said("In the holdout", "Kontrol grubunda"),
        "beyond capacity or budget": _said("Beyond capacity or budget", "Kapasiteye veya bütçeye sığmıyor"),
    },
    "outcome": {
        "offer taken": _said("Offer taken", "Teklifi kabul etti"),
        "reached": _said("Reached", "Ulaşıldı"),
        "declined": _said("Declined", "Reddetti"),
        "not reached": _said("Not reached", "Ulaşılamadı"),
    },
    "flag": {True: _said("Yes", "Evet"), False: _said("No", "Hayır")},
}
