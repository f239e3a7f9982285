# What the programs of a host may do: read the secrets of OFITEC, and nothing else. Looking at,
# prolonging and ending their own token they may by Vault's policy "default".
path "kv/data/ofitec/*" {
  capabilities = ["read"]
}
