"""Analytics of customers without models: their value and their own pace."""
