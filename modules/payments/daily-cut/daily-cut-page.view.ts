import { html, styleSheet, writeDay, writeInstant, writeInteger, writePesos } from '#kernel';
import type { Html } from '#kernel';
import type { CashSessionState } from '../cash-session/cash-session.entity.js';
import type { PaymentMethod } from '../payment/payment.entity.js';
import type { CutNames } from './cut-names.service.js';
import { CASH_ITEMS, ORDER_ITEMS, PREPAID_ITEMS } from './daily-cut.view.js';
import type { DailyCutView } from './daily-cut.view.js';

/** For letter and A4; on a roll of 58 or 80 mm each session becomes a list. */
const style = styleSheet(`
@page { margin: 10mm; }
* { box-sizing: border-box; }
html { background: #fff; color: #000; font: 10pt/1.35 sans-serif; }
body { max-width: 190mm; margin: 0 auto; padding: 4mm; overflow-wrap: anywhere; }
h1 { font-size: 16pt; margin: 0; }
h2 { font-size: 11pt; margin: 5mm 0 1mm; break-after: avoid; }
p { margin: 1mm 0; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .6mm 1mm; border-bottom: .2mm solid #999; text-align: left; vertical-align: top; }
th { font-weight: bold; border-bottom-color: #000; }
tr { break-inside: avoid; }
.number { text-align: right; overflow-wrap: normal; white-space: nowrap; }
.word { overflow-wrap: normal; }
.wide { font-size: 8pt; }
.total { font-weight: bold; }
.hash { font: 8pt/1.3 monospace; }
@media print { body { max-width: none; padding: 0; } }
@media (max-width: 105mm) {
  html { font-size: 9pt; }
  h1 { font-size: 13pt; }
  .wide thead { display: none; }
  .wide, .wide tbody, .wide tr, .wide td { display: block; }
  .wide tr { padding: 1mm 0; border-bottom: .2mm solid #999; }
  .wide td { display: flex; justify-content: space-between; gap: 3mm; padding: 0; border: 0; }
  .wide td { text-align: right; font-size: 9pt; }
  .wide td::before { content: attr(data-label); flex: none; }
}
@media (max-width: 65mm) {
  html, .wide td { font-size: 8pt; }
  h1 { font-size: 12pt; }
  .word { overflow-wrap: anywhere; }
}
@media print and (max-width: 105mm) { @page { margin: 3mm; } }
`);

/** The page loads nothing, runs nothing, sends nothing and stands in no frame. */
export const CUT_PAGE_POLICY = [
  "default-src 'none'",
  `style-src ${style.source}`,
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

const METHODS: Readonly<Record<PaymentMethod, string>> = {
  cash: 'Efectivo',
  debit: 'Débito',
  credit: 'Crédito',
  transfer: 'Transferencia',
  prepaid: 'Saldo prepagado',
};

const STATES: Readonly<Record<CashSessionState, string>> = {
  open: 'abierta',
  ended: 'por contar',
  closed: 'cerrada',
};

const CASH: Readonly<Record<(typeof CASH_ITEMS)[number], string>> = {
  rounding: 'Redondeo (Ley 20.956)',
  cashIn: 'Ingresos de efectivo',
  cashOut: 'Retiros de efectivo',
  drops: 'Entregas a caja fuerte o banco',
  voids: 'Anulaciones',
  refunds: 'Devoluciones',
  difference: 'Diferencia de todas las cajas',
};

const PREPAID: Readonly<Record<(typeof PREPAID_ITEMS)[number], string>> = {
  received: 'Recibido por adelantado',
  returned: 'Devuelto',
  spent: 'Usado en pagos (no entra dinero)',
};

const ORDERS: Readonly<Record<(typeof ORDER_ITEMS)[number], string>> = {
  taken: 'Recibidos',
  delivered: 'Entregados',
  cancelled: 'Anulados',
  outstanding: 'Por cobrar, de cualquier día',
};

/** A cut to print, in Spanish: a whole page that needs nothing besides itself. */
export function cutPage(cut: DailyCutView, names: CutNames): string {
  const { company, branch, users } = names;
  const day = writeDay(cut.date);
  const cutBy = cut.cutBy === null ? 'el sistema' : (users.get(cut.cutBy) ?? cut.cutBy);
  const page = html`<!doctype html>
    <html lang="es">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Corte diario ${branch.code} ${day}, n.º ${cut.sequence}</title>
        ${style.element}
      </head>
      <body>
        <h1>Corte diario ${day}</h1>
        <p>${company.name}, RUT ${company.rut}</p>
        <p>Sucursal ${branch.code}, ${branch.name}. Corte n.º ${cut.sequence} del día.</p>
        <p>Hecho por ${cutBy} el ${writeInstant(new Date(cut.createdAt))}.</p>
        ${cut.forced ? html`<p class="total">Corte forzado: quedaban cajas sin cerrar.</p>` : ''}
        <h2>Pagos</h2>
        ${paymentsTable(cut)}
        <h2>Por cajera o cajero</h2>
        ${cashiersTable(cut, names)}
        <h2>Cajas</h2>
        ${sessionsTable(cut, names)}
        <h2>Movimientos</h2>
        ${cashTable(cut)}
        <h2>Prepagos</h2>
        ${prepaidTable(cut)}
        <h2>Pedidos</h2>
        ${ordersTable(cut)}
        <h2>Huella de las filas (SHA-256)</h2>
        <p class="hash">${cut.rowsHash}</p>
        <p class="hash">Corte ${cut.id}</p>
        ${cut.auditAnchor === null ? '' : html`<p class="hash">Sello del registro ${cut.auditAnchor}</p>`}
      </body>
    </html> `;
  return page.toString();
}

/** A text breaks wherever it must; a word does so on the narrowest paper only, a number never. */
type Column = readonly [label: string, kind: 'text' | 'word' | 'number'];
type Row = { readonly cells: readonly string[]; readonly isTotal?: boolean };

const TALLY: readonly Column[] = [
  ['Pagos', 'number'],
  ['Monto', 'number'],
];

function paymentsTable({ byMethod, payments, total }: DailyCutView): Html {
  const rows = byMethod.map(({ method, payments, amount }) => ({
    cells: [METHODS[method], writeInteger(payments), writePesos(amount)],
  }));
  const last = { isTotal: true, cells: ['Total', writeInteger(payments), writePesos(total)] };
  return table([['Medio', 'word'], ...TALLY], [...rows, last]);
}

function cashiersTable({ byCashier }: DailyCutView, { users }: CutNames): Html {
  const rows = byCashier.map(({ cashierId, payments, amount }) => ({
    cells: [users.get(cashierId) ?? cashierId, writeInteger(payments), writePesos(amount)],
  }));
  return table([['Nombre', 'text'], ...TALLY], rows);
}

function sessionsTable({ bySession }: DailyCutView, { registers, users }: CutNames): Html {
  const rows = bySession.map((session) => ({
    cells: [
      registers.get(session.registerId) ?? session.registerId,
      users.get(session.cashierId) ?? session.cashierId,
      STATES[session.state],
      writePesos(session.openingAmount),
      writePesos(session.amount),
      ...[session.expectedAmount, session.countedAmount, session.difference].map(pesosOrDash),
    ],
  }));
  const columns: readonly Column[] = [
    ...([
      ['Caja', 'word'],
      ['Nombre', 'text'],
      ['Estado', 'word'],
    ] as const),
    ...(['Fondo', 'Pagos', 'Esperado', 'Contado', 'Diferencia'] as const).map(
      (label) => [label, 'number'] as const,
    ),
  ];
  return table(columns, rows, 'wide');
}

function cashTable({ cash }: DailyCutView): Html {
  const rows = CASH_ITEMS.map((item) => ({ cells: [CASH[item], pesosOrDash(cash[item])] }));
  return table(
    [
      ['Concepto', 'text'],
      ['Monto', 'number'],
    ],
    rows,
  );
}

function prepaidTable({ prepaid, received }: DailyCutView): Html {
  const rows = PREPAID_ITEMS.map((item) => ({ cells: [PREPAID[item], writePesos(prepaid[item])] }));
  const came = ['Dinero recibido, pagos y prepagos', writePesos(received)];
  return table(
    [
      ['Concepto', 'text'],
      ['Monto', 'number'],
    ],
    [...rows, { isTotal: true, cells: came }],
  );
}

function ordersTable({ orders }: DailyCutView): Html {
  const rows = ORDER_ITEMS.map((item) => ({
    cells: [ORDERS[item], writeInteger(orders[item].orders), writePesos(orders[item].amount)],
  }));
  return table(
    [
      ['Pedidos', 'text'],
      ['N.º', 'number'],
      ['Monto', 'number'],
    ],
    rows,
  );
}

/** What is not known, or not for whoever asks. */
function pesosOrDash(amount: number | null): string {
  return amount === null ? '—' : writePesos(amount);
}

function table(columns: readonly Column[], rows: readonly Row[], kind = ''): Html {
  if (rows.length === 0) return html`<p>Sin registros.</p>`;
  return html`<table class="${kind}">
    <thead>
      <tr>
        ${columns.map(([label, type]) => html`<th class="${type}">${label}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(({ cells, isTotal = false }) => {
        const of = (cell: string, index: number): Html => {
          const [label = '', type = 'text'] = columns[index] ?? [];
          return html`<td class="${type}" data-label="${label}">${cell}</td>`;
        };
        return html`<tr class="${isTotal ? 'total' : ''}">
          ${cells.map(of)}
        </tr>`;
      })}
    </tbody>
  </table>`;
}
