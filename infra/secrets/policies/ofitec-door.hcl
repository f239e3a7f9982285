# What the door before dashboards may do: judge codes. It can neither read nor make a key.
path "totp/code/*" {
  capabilities = ["create", "update"]
}
# Hashes of recovery codes: one that is spent is taken out.
path "kv/data/ofitec-totp/*" {
  capabilities = ["read", "update"]
}
