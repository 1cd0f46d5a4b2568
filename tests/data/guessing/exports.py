"""Exports of platforms that no importer knows, drawn by a seed: their columns, formats and quirks; 100 orders each.

Columns and formats are those of the platforms' public documentation; names, mails and products are made up.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import xlsxwriter

CENT = Decimal("0.01")
ORDERS = 100


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of an order: product, pieces, price of one."""

    sku: str
    quantity: int
    price: Decimal


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order as every platform knows it."""

    number: int
    customer: int
    time: datetime
    lines: Sequence[Line]
    shipping: Decimal
    discount: Decimal

    @property
    def goods(self) -> Decimal:
        """Sum of the lines."""
        return sum((line.quantity * line.price for line in self.lines), Decimal())

    @property
    def total(self) -> Decimal:
        """What was paid."""
        return self.goods + self.shipping - self.discount

    @property
    def mail(self) -> str:
        """Address of the customer."""
        return f"kunde{self.customer}@example.com"


@dataclass(frozen=True, kw_only=True)
class Export:
    """What a platform exports, and what is right: each column of the contract, and the sum of all orders.

    Attributes
    ----------
    write : callable
        Function that writes the files of some orders into a folder.
    truth : dict of str to dict of str to str
        The source's column for each column of the contract, by table.
    amount : callable
        Amount of an order; None where it is a return.
    also : dict of str to set of str
        Columns that may be proposed as well, by ``table.column``.
    """

    write: Callable[[Sequence[Order], Path], None]
    truth: dict[str, dict[str, str]]
    amount: Callable[[Order], Decimal | None] = lambda order: order.total
    also: dict[str, set[str]] = field(default_factory=dict)


def orders(seed: int) -> list[Order]:
    """Draw a hundred orders of thirty customers in two years."""
    draw = random.Random(seed)
    found = []
    for number in range(ORDERS):
        lines = [
            Line(sku=sku, quantity=draw.randint(1, 3), price=CENT * draw.randint(199, 149_900))
            for sku in draw.sample([f"SKU-{n:03}" for n in range(40)], draw.choice([1, 1, 2, 3]))
        ]
        found.append(
            Order(
                number=1001 + number,
                customer=draw.randint(1, 30),
                time=datetime(2024, 1, 3, 9, 5, 7) + timedelta(days=7 * number, minutes=draw.randint(0, 9_000)),
                lines=lines,
                shipping=draw.choice([Decimal("0.00"), Decimal("4.90")]),
                discount=draw.choice([Decimal("0.00"), Decimal("0.00"), Decimal("1.50")]),
            )
        )
    return found


def _csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], *, sign: str = ",", **how: str) -> None:
    with path.open("w", newline="", encoding=how.get("encoding", "utf-8")) as file:
        writer = csv.writer(file, delimiter=sign, lineterminator="\n")
        file.write(how.get("before", ""))
        writer.writerow(header)
        file.write(how.get("behind_header", ""))
        writer.writerows(rows)
        file.write(how.get("after", ""))


def _comma(amount: Decimal, unit: str = "") -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,")) + unit


def _dollars(amount: Decimal) -> str:
    return f"-${-amount:,.2f}" if amount < 0 else f"${amount:,.2f}"


def _etsy(found: Sequence[Order], folder: Path) -> None:
    header = [
        "Sale Date", "Order ID", "Buyer User ID", "Full Name", "First Name", "Last Name", "Number of Items",
        "Payment Method", "Date Shipped", "Street 1", "Street 2", "Ship City", "Ship State", "Ship Zipcode",
        "Ship Country", "Currency", "Order Value", "Coupon Code", "Coupon Details", "Discount Amount",
        "Shipping Discount", "Shipping", "Sales Tax", "Order Total", "Status", "Card Processing Fees", "Order Net",
        "Adjusted Order Total", "Adjusted Card Processing Fees", "Adjusted Net Order Amount", "Buyer", "Order Type",
        "Payment Type", "InPerson Discount", "InPerson Location", "SKU",
    ]  # fmt: skip
    rows = [
        [
            f"{order.time:%m/%d/%y}", 3_000_000_000 + order.number, f"buyer{order.customer}", "A B", "A", "B",
            sum(line.quantity for line in order.lines), "Credit Card", f"{order.time + timedelta(days=2):%m/%d/%y}",
            "1 Main", "", "Austin", "TX", f"{78700 + order.customer}", "United States", "USD", order.goods,
            "SPRING" if order.discount else "", "", order.discount, "0.00", order.shipping, "0.00", order.total, "",
            "0.95", order.total - Decimal("0.95"), "0.00", "0.00", "0.00", f"Buyer {order.customer}", "online",
            "online_cc", "", "", ",".join(line.sku for line in order.lines),
        ]
        for order in found
    ]  # fmt: skip
    _csv(folder / "EtsySoldOrders2025.csv", header, rows)


def _ebay(found: Sequence[Order], folder: Path) -> None:
    header = [
        "Sales Record Number", "Order Number", "Buyer Username", "Buyer Name", "Buyer Email", "Buyer Note",
        "Item Number", "Item Title", "Custom Label", "Quantity", "Sold For", "Shipping And Handling",
        "Seller Collected Tax", "Total Price", "Payment Method", "Sale Date", "Paid On Date", "Ship By Date",
        "Minimum Estimated Delivery Date", "Maximum Estimated Delivery Date", "Shipped On Date", "Feedback Left",
        "Tracking Number", "Transaction ID",
    ]  # fmt: skip
    rows: list[list[object]] = []
    for order in found:
        day = f"{order.time:%b-%d-%y}"
        later = [f"{order.time + timedelta(days=days):%b-%d-%y}" for days in (3, 5, 8, 2)]
        rows += [
            [
                order.number, f"12-0{order.number}-5{order.number}", f"user_{order.customer}", "A B", order.mail, "",
                f"2{order.number}{place}", "Thing", line.sku, line.quantity, _dollars(line.price),
                _dollars(order.shipping), "$0.00", _dollars(order.goods + order.shipping), "PayPal", day, day, *later,
                "No", "", f"9{order.number}{place}",
            ]
            for place, line in enumerate(order.lines)
        ]  # fmt: skip
    _csv(
        folder / "eBay-OrdersReport-Jan-05-2025.csv", header, rows, before="\n", behind_header="\n",
        after=f'\n"{len(rows)}",record(s) downloaded\n"Seller ID : someone"\n',
    )  # fmt: skip


def _bigcommerce(found: Sequence[Order], folder: Path) -> None:
    header = [
        "Order ID", "Customer ID", "Customer Name", "Customer Email", "Customer Phone", "Order Date", "Order Status",
        "Subtotal (inc tax)", "Subtotal (ex tax)", "Tax Total", "Shipping Cost (inc tax)", "Shipping Cost (ex tax)",
        "Ship Method", "Handling Cost (inc tax)", "Order Total (inc tax)", "Order Total (ex tax)", "Payment Method",
        "Total Quantity", "Total Shipped", "Date Shipped", "Order Currency Code", "Exchange Rate", "Order Notes",
        "Customer Message", "Billing Name", "Billing Email", "Product Details",
    ]  # fmt: skip
    rows = [
        [
            order.number, 70 + order.customer, "A B", order.mail, "555", f"{order.time:%m/%d/%Y}", "Completed",
            order.goods, order.goods, "0.00", order.shipping, order.shipping, "UPS", "0.00", order.total, order.total,
            "Visa", sum(line.quantity for line in order.lines), 1, f"{order.time + timedelta(days=1):%m/%d/%Y}", "USD",
            "1.0", "", "", "A B", order.mail, "Product ID: 1, Product Qty: 1",
        ]
        for order in found
    ]  # fmt: skip
    _csv(folder / "orders-2025-01-05.csv", header, rows)


def _squarespace(found: Sequence[Order], folder: Path) -> None:
    header = [
        "Order ID", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Currency",
        "Subtotal", "Shipping", "Taxes", "Amount Refunded", "Total", "Discount Code", "Discount Amount",
        "Shipping Method",
        "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Lineitem variant",
        "Billing Name", "Billing City", "Cancelled at", "Private Notes", "Channel Type", "Channel Name",
        "Payment Method",
    ]  # fmt: skip
    rows: list[list[object]] = []
    for order in found:
        for place, line in enumerate(order.lines):
            item = [line.quantity, "Thing", line.price, line.sku, ""]
            time = f"{order.time:%Y-%m-%d %H:%M:%S} -0500"
            if place:
                rows.append([f"{order.number:05}", order.mail, *[""] * 14, *item, *[""] * 7])
            else:
                rows.append(
                    [
                        f"{order.number:05}", order.mail, "PAID", time, "FULFILLED", time, "USD", order.goods,
                        order.shipping, "0.00", "0.00", order.total, "TEN" if order.discount else "", order.discount,
                        "Flat", time, *item, "A B", "Austin", "", "", "web", "shop", "STRIPE",
                    ]
                )  # fmt: skip
    _csv(folder / "orders.csv", header, rows)


def _square(found: Sequence[Order], folder: Path) -> None:
    header = [
        "Date", "Time", "Time Zone", "Category", "Item", "Qty", "Price Point Name", "SKU", "Modifiers Applied",
        "Gross Sales", "Discounts", "Net Sales", "Tax", "Transaction ID", "Payment ID", "Device Name", "Notes",
        "Details", "Event Type", "Location", "Dining Option", "Customer ID", "Customer Name", "Customer Reference ID",
    ]  # fmt: skip
    rows = []
    for order in found:
        back = order.number % 20 == 0
        for line in order.lines:
            gross = line.quantity * line.price * (-1 if back else 1)
            rows.append(
                [
                    f"{order.time:%m/%d/%y}", f"{order.time:%H:%M:%S}", "Eastern Time (US & Canada)", "Goods", "Thing",
                    f"{-line.quantity if back else line.quantity}.0", "Regular", line.sku, "", _dollars(gross), "$0.00",
                    _dollars(gross), "$0.00", f"tx{order.number}", f"pay{order.number}", "Till", "",
                    "https://example.com", "Refund" if back else "Payment", "Main", "", f"CUST{order.customer:04}",
                    "A B", "",
                ]
            )  # fmt: skip
    _csv(folder / "items-2024-01-01-2025-12-31.csv", header, rows)


def _wix(found: Sequence[Order], folder: Path) -> None:
    header = [
        "Order number", "Date created", "Time", "Total order quantity", "Contact email", "Note from customer", "Item",
        "Variant", "SKU", "Qty", "Quantity refunded", "Price", "Weight", "Delivery method", "Recipient name",
        "Billing name", "Payment status", "Payment method", "Coupon code", "Shipping rate", "Total tax", "Total",
        "Currency", "Refunded amount", "Net amount", "Fulfillment status",
    ]  # fmt: skip
    rows = [
        [
            order.number, f"{order.time:%b} {order.time.day}, {order.time:%Y}", f"{order.time:%I:%M:%S %p}",
            sum(one.quantity for one in order.lines), order.mail, "", "Thing", "", line.sku, line.quantity, 0,
            line.price, "", "Post", "A B", "A B", "Paid", "Card", "SAVE" if order.discount else "", order.shipping,
            "0.00", order.total, "USD", "0.00", order.total, "Fulfilled",
        ]
        for order in found
        for line in order.lines
    ]  # fmt: skip
    _csv(folder / "Wix Orders.csv", header, rows)


def _shopware(found: Sequence[Order], folder: Path) -> None:
    header = [
        "orderId", "number", "customerId", "status", "cleared", "paymentId", "dispatchId", "partnerId", "shopId",
        "invoiceAmount", "invoiceAmountNet", "invoiceShipping", "invoiceShippingNet", "orderTime", "transactionId",
        "comment", "customerComment", "internalComment", "net", "taxFree", "temporaryId", "referer", "clearedDate",
        "trackingCode", "languageIso", "currency", "currencyFactor", "orderDetailId", "articleId", "taxId", "taxRate",
        "articleNumber", "price", "quantity", "articleName", "shipped", "shippedGroup",
    ]  # fmt: skip
    rows = [
        [
            order.number - 900, 20_000 + order.number, order.customer, 2, 12, 5, 9, "", 1, order.total,
            (order.total / Decimal("1.19")).quantize(CENT), order.shipping, order.shipping,
            f"{order.time:%Y-%m-%d %H:%M:%S}", "", "", "", "", 0, 0, f"tmp{order.number}", "", "", "", 1, "EUR", "1",
            order.number * 10 + place, int(line.sku[4:]) + 500, 1, "19", line.sku, line.price, line.quantity, "Ding", 0,
            0,
        ]
        for order in found
        for place, line in enumerate(order.lines)
    ]  # fmt: skip
    _csv(folder / "export.orders.csv", header, rows, sign=";")


def _jtl(found: Sequence[Order], folder: Path) -> None:
    header = [
        "Auftragsnummer", "Externe Auftragsnummer", "Erstelldatum", "Kundennummer", "Firma", "Vorname", "Nachname",
        "Straße", "PLZ", "Ort", "E-Mail", "Zahlungsart", "Versandart", "Währung", "Gesamtbetrag Brutto",
        "Gesamtbetrag Netto", "Plattform", "Artikelnummer", "Artikelname", "Menge", "VK Brutto", "VK Netto", "MwSt",
        "Bemerkung",
    ]  # fmt: skip
    rows = [
        [
            f"AU2025{order.number}", "", f"{order.time:%d.%m.%Y %H:%M}", f"K{10_000 + order.customer}", "", "Jörg",
            "Müller", "Weg 1", "04109", "Köln", order.mail, "PayPal", "DHL", "EUR", _comma(order.total),
            _comma((order.total / Decimal("1.19")).quantize(CENT)), "Onlineshop", line.sku, "Tüte", line.quantity,
            _comma(line.price), _comma((line.price / Decimal("1.19")).quantize(CENT)), "19,00", "",
        ]
        for order in found
        for line in order.lines
    ]  # fmt: skip
    _csv(folder / "Aufträge.csv", header, rows, sign=";", encoding="cp1252")


def _ikas(found: Sequence[Order], folder: Path) -> None:
    header = [
        "Sipariş Numarası", "Sipariş Tarihi", "Sipariş Durumu", "Ödeme Durumu", "Müşteri Adı", "Müşteri E-posta",
        "Müşteri Telefon", "Teslimat Şehri", "Ürün Adı", "Varyant", "SKU", "Adet", "Birim Fiyat", "İndirim Tutarı",
        "Kargo Ücreti", "Genel Toplam", "Para Birimi", "Ödeme Yöntemi", "Kupon Kodu", "Satış Kanalı",
    ]  # fmt: skip
    with xlsxwriter.Workbook(folder / "siparisler.xlsx", {"default_date_format": "dd.mm.yyyy hh:mm"}) as book:
        page = book.add_worksheet("Siparişler")
        page.write_row(0, 0, header)
        row = 0
        for order in found:
            for line in order.lines:
                row += 1
                page.write_row(
                    row, 0,
                    [
                        order.number, order.time, "Tamamlandı", "Ödendi", "Ayşe Çelik", order.mail, "555", "İzmir",
                        "Çanta", "", line.sku, line.quantity, float(line.price), float(order.discount),
                        float(order.shipping), float(order.total), "TRY", "Kredi Kartı",
                        "YAZ" if order.discount else "", "Web",
                    ],
                )  # fmt: skip


def _ticimax(found: Sequence[Order], folder: Path) -> None:
    header = [
        "Sipariş No", "Sipariş Tarihi", "Üye ID", "Üye Adı", "Mail", "Sipariş Tutarı", "Ödeme Tipi", "Sipariş Durumu",
        "Kargo Firması", "Kargo Takip No", "Hediye Çeki", "IP Adresi",
    ]  # fmt: skip
    rows = [
        [
            f"TCM{order.number}", f"{order.time:%d.%m.%Y %H:%M:%S}", order.customer, "Ayşe Yılmaz", order.mail,
            _comma(order.total, " TL"), "Kredi Kartı", "Teslim Edildi" if order.number % 9 else "İptal Edildi",
            "Yurtiçi", f"1{order.number}", "", "10.0.0.1",
        ]
        for order in found
    ]  # fmt: skip
    _csv(folder / "SiparisListesi.csv", header, rows, sign=";", encoding="cp1254")


def _shopware_6(found: Sequence[Order], folder: Path) -> None:
    """Write its profile of orders, as its own migration lays it down."""
    parts = ["street", "zipcode", "city", "company", "department", "country_id", "country_state_id"]
    header = [
        "id", "order_number", "sales_channel_id", "customer_firstname", "customer_lastname", "customer_email",
        *(f"{kind}_address_{part}" for kind in ("billing", "shipping") for part in parts), "amount_total",
        "order_state_id", "line_items", "order_date_time",
    ]  # fmt: skip
    address = ["Weg 1", "04109", "Köln", "", "", "f0" * 16, ""]
    rows = [
        [
            f"{order.number:032x}", 10_000 + order.number, "98" * 16, "Jörg", "Müller", order.mail, *address, *address,
            order.total, "5a" * 16, "|".join(f"{line.quantity}x {line.sku}" for line in order.lines),
            f"{order.time:%Y-%m-%dT%H:%M:%S}.000+00:00",
        ]
        for order in found
    ]  # fmt: skip
    _csv(folder / "Default orders_20250105-091500.csv", header, rows, sign=";")


def _ecwid(found: Sequence[Order], folder: Path) -> None:
    """Write orders by the fields of its interface, a row for each item."""
    header = [
        "id", "email", "customerId", "createDate", "createTimestamp", "updateDate", "paymentStatus",
        "fulfillmentStatus", "paymentMethod", "subtotal", "discount", "couponDiscount", "tax",
        "shippingOption.shippingRate", "total", "items.id", "items.sku", "items.name", "items.quantity", "items.price",
    ]  # fmt: skip
    rows = [
        [
            f"X8UY{order.number}", order.mail, 40_201_000 + order.customer, f"{order.time:%Y-%m-%d %H:%M:%S} +0000",
            int((order.time - datetime(1970, 1, 1)).total_seconds()),
            f"{order.time + timedelta(days=3):%Y-%m-%d %H:%M:%S} +0000", "PAID", "SHIPPED", "Card", order.goods,
            order.discount, "0", "0", order.shipping, order.total, 140_273_658 + 10 * order.number + place, line.sku,
            "Thing", line.quantity, line.price,
        ]
        for order in found
        for place, line in enumerate(order.lines)
    ]  # fmt: skip
    _csv(folder / "ecwid_orders.csv", header, rows)


def _lightspeed(found: Sequence[Order], folder: Path) -> None:
    """Write the history of sales of its X series: a row for each sale, then for its lines, then for its payment."""
    header = [
        "Date", "Receipt Number", "Line Type", "Customer Code", "Customer Name", "Note", "Quantity", "Subtotal",
        "Sales Tax", "Discount", "Loyalty", "Total", "Paid", "Details", "Register", "User", "Status", "Sku",
        "AccountCodeSale", "AccountCodePurchase",
    ]  # fmt: skip
    rows: list[list[object]] = []
    for order in found:
        begins = [f"{order.time:%Y-%m-%d %H:%M:%S}", order.number]
        ends = ["Main", "Till 1", "Completed"]
        who = [f"K-{order.customer:04}", "A B", ""]
        count = sum(line.quantity for line in order.lines)
        sums = [order.goods + order.shipping, "0.00", order.discount, "0", order.total, order.total]
        rows.append([*begins, "Sale", *who, count, *sums, "", *ends, "", "", ""])
        rows += [
            [*begins, "Sale Line", *who, line.quantity, line.quantity * line.price, "0.00", "0.00", "0",
             line.quantity * line.price, "", "Thing", *ends, line.sku, "", ""]
            for line in order.lines
        ]  # fmt: skip
        rows.append([*begins, "Payment", *who, "", "", "", "", "", "", order.total, "Card", *ends, "", "", ""])
    _csv(folder / "vend-sales-history.csv", header, rows)


EXPORTS = {
    "etsy": Export(
        write=_etsy,
        truth={
            "orders": {
                "order_id": "Order ID", "customer_id": "Buyer User ID", "ordered_at": "Sale Date",
                "amount": "Order Total", "discount": "Discount Amount", "discount_code": "Coupon Code",
                "currency": "Currency",
            }
        },
    ),
    "ebay": Export(
        write=_ebay,
        truth={
            "orders": {
                "order_id": "Order Number", "customer_id": "Buyer Username", "ordered_at": "Sale Date",
                "amount": "Total Price", "product_id": "Item Number", "quantity": "Quantity",
            },
        },
        amount=lambda order: order.goods + order.shipping,
    ),
    "bigcommerce": Export(
        write=_bigcommerce,
        truth={
            "orders": {
                "order_id": "Order ID", "customer_id": "Customer ID", "ordered_at": "Order Date",
                "amount": "Order Total (inc tax)", "currency": "Order Currency Code",
            }
        },
    ),
    "squarespace": Export(
        write=_squarespace,
        truth={
            "orders": {
                "order_id": "Order ID", "customer_id": "Email", "ordered_at": "Created at", "amount": "Total",
                "discount": "Discount Amount", "discount_code": "Discount Code", "channel": "Channel Name",
                "currency": "Currency", "product_id": "Lineitem sku", "quantity": "Lineitem quantity",
                "unit_price": "Lineitem price",
            }
        },
        also={"orders.channel": {"Channel Type"}},
    ),
    "square": Export(
        write=_square,
        truth={
            "orders": {
                "order_id": "Transaction ID", "customer_id": "Customer ID", "ordered_at": "Date, Time",
                "amount": "Net Sales",
                "discount": "Discounts", "product_id": "SKU", "quantity": "Qty", "category": "Category",
            }
        },
        amount=lambda order: None if order.number % 20 == 0 else order.goods,
    ),
    "wix": Export(
        write=_wix,
        truth={
            "orders": {
                "order_id": "Order number", "customer_id": "Contact email", "ordered_at": "Date created, Time",
                "amount": "Total", "discount_code": "Coupon code", "currency": "Currency", "product_id": "SKU",
                "quantity": "Qty", "unit_price": "Price",
            }
        },
    ),
    "shopware": Export(
        write=_shopware,
        truth={
            "orders": {
                "order_id": "orderId", "customer_id": "customerId", "ordered_at": "orderTime",
                "amount": "invoiceAmount",
                "currency": "currency", "product_id": "articleNumber", "quantity": "quantity", "unit_price": "price",
                "line_id": "orderDetailId",
            }
        },
        also={"orders.order_id": {"number"}, "orders.product_id": {"articleId"}},
    ),
    "jtl": Export(
        write=_jtl,
        truth={
            "orders": {
                "order_id": "Auftragsnummer", "customer_id": "Kundennummer", "ordered_at": "Erstelldatum",
                "amount": "Gesamtbetrag Brutto", "channel": "Plattform", "currency": "Währung",
                "product_id": "Artikelnummer", "quantity": "Menge", "unit_price": "VK Brutto",
            }
        },
    ),
    "ikas": Export(
        write=_ikas,
        truth={
            "orders": {
                "order_id": "Sipariş Numarası", "customer_id": "Müşteri E-posta", "ordered_at": "Sipariş Tarihi",
                "amount": "Genel Toplam", "discount": "İndirim Tutarı", "discount_code": "Kupon Kodu",
                "channel": "Satış Kanalı", "currency": "Para Birimi", "product_id": "SKU", "quantity": "Adet",
                "unit_price": "Birim Fiyat",
            }
        },
    ),
    "ticimax": Export(
        write=_ticimax,
        truth={
            "orders": {
                "order_id": "Sipariş No", "customer_id": "Üye ID", "ordered_at": "Sipariş Tarihi",
                "amount": "Sipariş Tutarı",
            }
        },
    ),
    "shopware_6": Export(
        write=_shopware_6,
        truth={
            "orders": {
                "order_id": "order_number", "customer_id": "customer_email", "ordered_at": "order_date_time",
                "amount": "amount_total",
            }
        },
    ),
    "ecwid": Export(
        write=_ecwid,
        truth={
            "orders": {
                "order_id": "id", "customer_id": "customerId", "ordered_at": "createDate", "amount": "total",
                "discount": "discount", "product_id": "items.sku", "quantity": "items.quantity",
                "unit_price": "items.price",
            }
        },
    ),
    "lightspeed": Export(
        write=_lightspeed,
        truth={
            "orders": {
                "order_id": "Receipt Number", "customer_id": "Customer Code", "ordered_at": "Date", "amount": "Total",
                "discount": "Discount",
            }
        },
    ),
}  # fmt: skip
