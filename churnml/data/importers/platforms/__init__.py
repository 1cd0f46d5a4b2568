"""Exports of shop systems, marketplaces and tools: a platform is a short file that says what its exports hold.

A new platform is one file with a ``PLATFORM`` and its line here.
"""

from churnml.data.importers.platforms import (
    amazon,
    freshdesk,
    hepsiburada,
    klaviyo,
    magento,
    n11,
    prestashop,
    shopify,
    stripe,
    trendyol,
    woocommerce,
    zendesk,
)
from churnml.data.importers.platforms.declared import Platform

PLATFORMS: dict[str, Platform] = {
    "shopify": shopify.PLATFORM,
    "woocommerce": woocommerce.PLATFORM,
    "magento": magento.PLATFORM,
    "prestashop": prestashop.PLATFORM,
    "amazon": amazon.PLATFORM,
    "stripe": stripe.PLATFORM,
    "klaviyo": klaviyo.PLATFORM,
    "zendesk": zendesk.PLATFORM,
    "freshdesk": freshdesk.PLATFORM,
    "trendyol": trendyol.PLATFORM,
    "hepsiburada": hepsiburada.PLATFORM,
    "n11": n11.PLATFORM,
}
