# What the door before dashboards may do: judge codes. It can neither read nor make a key.
path "totp/code/*" {
  capabilities = ["create", "update"]
}
