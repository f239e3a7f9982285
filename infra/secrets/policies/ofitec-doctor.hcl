# What `ofitec secrets doctor` may do: names and ages, never a value.
path "kv/subkeys/ofitec/*" {
  capabilities = ["read"]
}
path "kv/metadata/ofitec/*" {
  capabilities = ["read"]
}
# Journals of rotations: states, names and times.
path "kv/data/ofitec-rotation/*" {
  capabilities = ["read"]
}
path "auth/approle/role/ofitec-reader/secret-id" {
  capabilities = ["list"]
}
path "auth/approle/role/ofitec-reader/secret-id-accessor/lookup" {
  capabilities = ["create", "update"]
}
path "sys/audit" {
  capabilities = ["read", "sudo"]
}
