/** How a column is kept: in PostgreSQL by this very name, in Parquet by what is nearest. */
export type ColumnType =
  'uuid' | 'text' | 'integer' | 'bigint' | 'boolean' | 'date' | 'timestamptz';

/** A column and its type, `?` behind a type that may be null. */
export type Columns = Readonly<Record<string, ColumnType | `${ColumnType}?`>>;

const HUB = { key: 'uuid' } as const;

/** Where a row comes from, the same in every table; `loaded_at` is added when it is stored. */
const ORIGIN = { event_id: 'uuid', source: 'text', recorded_at: 'timestamptz' } as const;

const DIFF = { hash_diff: 'text' } as const;

/** What each table of the vault says, beside company, generation and where the row comes from. */
export const VAULT = {
  hub_customer: HUB,
  hub_service: HUB,
  hub_order: HUB,
  hub_payment: HUB,
  hub_session: HUB,
  hub_return: { ...HUB, period: 'text', revision: 'integer' },
  link_order: { order_key: 'uuid', branch_id: 'uuid', customer_key: 'uuid?' },
  link_order_service: { order_key: 'uuid', position: 'integer', service_key: 'uuid' },
  link_payment: {
    ...{ payment_key: 'uuid', order_key: 'uuid', session_key: 'uuid', reverses_key: 'uuid?' },
  },
  sat_customer: { customer_key: 'uuid', active: 'boolean', ...DIFF },
  sat_service: {
    ...{ service_key: 'uuid', code: 'text', name: 'text?', unit: 'text?' },
    ...{ price: 'bigint?', active: 'boolean?', ...DIFF },
  },
  sat_order: { order_key: 'uuid', business_date: 'date', total: 'bigint', ...DIFF },
  sat_order_line: {
    ...{ order_key: 'uuid', position: 'integer', thousandths: 'bigint' },
    ...{ unit_price: 'bigint', total: 'bigint', ...DIFF },
  },
  sat_order_step: {
    ...{ order_key: 'uuid', step: 'text', happened_on: 'date', period: 'text' },
    ...{ gross: 'bigint', net: 'bigint', vat: 'bigint', ...DIFF },
  },
  sat_payment: { payment_key: 'uuid', kind: 'text', method: 'text', amount: 'bigint', ...DIFF },
  sat_session: {
    ...{ session_key: 'uuid', state: 'text', branch_id: 'uuid', register_id: 'uuid' },
    ...{ cashier_id: 'uuid', business_date: 'date', ...DIFF },
  },
  sat_return_state: { return_key: 'uuid', state: 'text', ...DIFF },
  sat_return_sales: {
    ...{ return_key: 'uuid', debit: 'bigint?', debit_origin: 'text?', receipts: 'bigint?' },
    ...{ receipts_vat: 'bigint?', receipts_origin: 'text?', ...DIFF },
  },
} as const satisfies Readonly<Record<string, Columns>>;

export type VaultTable = keyof typeof VAULT;

export const VAULT_TABLES = Object.keys(VAULT) as readonly VaultTable[];

/** Every column of a table but company, generation and the moment of loading. */
export function columnsOf(table: VaultTable): readonly (readonly [string, ColumnType])[] {
  const columns: Columns = { ...VAULT[table], ...ORIGIN };
  return Object.entries(columns).map(([name, type]) => [name, type.replace('?', '') as ColumnType]);
}
