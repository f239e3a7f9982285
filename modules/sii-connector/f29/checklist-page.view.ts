import { html, styleSheet, writeDay, writeInteger, writePesos } from '#kernel';
import type { Html } from '#kernel';
import { formCode } from '../tables/form.js';
import { writePeriod } from '../tables/period.js';
import { findingKey } from './return.entity.js';
import type { F29Return } from './return.entity.js';
import { linesOf, NO_SII_FORMAT } from './return-files.view.js';
import type { Declarant, PaperLine } from './return-files.view.js';

/** For letter and A4. */
const style = styleSheet(`
@page { margin: 12mm; }
* { box-sizing: border-box; }
html { background: #fff; color: #000; font: 10pt/1.35 sans-serif; }
body { max-width: 190mm; margin: 0 auto; padding: 4mm; overflow-wrap: anywhere; }
h1 { font-size: 16pt; margin: 0; }
h2 { font-size: 11pt; margin: 5mm 0 1mm; break-after: avoid; }
p, li { margin: 1mm 0; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .6mm 1mm; border-bottom: .2mm solid #999; text-align: left; vertical-align: top; }
tr { break-inside: avoid; }
.number { text-align: right; white-space: nowrap; }
.notice { border: .4mm solid #000; padding: 2mm; font-weight: bold; }
.total { font-weight: bold; }
.box { display: inline-block; width: 4mm; height: 4mm; border: .3mm solid #000; }
.blank { display: inline-block; width: 55mm; border-bottom: .2mm solid #000; }
@media print { body { max-width: none; padding: 0; } }
`);

/** The page loads nothing, runs nothing, sends nothing and stands in no frame. */
export const CHECKLIST_POLICY = [
  "default-src 'none'",
  `style-src ${style.source}`,
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

const SECTIONS: Readonly<Record<string, string>> = {
  header: 'Encabezado',
  debit: 'Débitos y ventas',
  credit: 'Créditos y compras',
  withholding: 'IVA determinado, retenciones y PPM',
  other: 'Reverso',
  total: 'Totales',
  unknown: 'Códigos que el formulario de junio de 2026 no tenía',
};

const ORIGIN: Readonly<Record<string, string>> = {
  computed: 'calculado',
  imported: 'de la propuesta',
  typed: 'digitado',
  adapter: 'del socio',
};

/** What to write where on the SII's site, code by code in the form's order; to print, in Spanish. */
export function checklistPage(declared: F29Return, declarant: Declarant): string {
  const lines = linesOf(declared, declarant);
  const period = writePeriod(declared.period);
  const kind =
    declared.revision === 1 ? 'Primitiva' : `Rectificatoria n.º ${declared.revision - 1}`;
  const page = html`<!doctype html>
    <html lang="es">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Formulario 29, ${period}, ${declarant.rut}</title>
        ${style.element}
      </head>
      <body>
        <h1>Formulario 29: ${period}</h1>
        <p>${declarant.name}, RUT ${declarant.rut}. ${kind}.</p>
        ${stateOf(declared)}
        <p class="notice">
          ${NO_SII_FORMAT} Esta hoja guía a la persona que declara en el portal; presentar y pagar
          se hace solo allí.
        </p>
        <p class="total">
          A pagar: ${writePesos(declared.amount)}.
          ${declared.dueDate ? html`Vence el ${writeDay(declared.dueDate)}.` : ''}
        </p>
        <h2>Pasos</h2>
        ${steps(declared)}
        ${Object.entries(SECTIONS).map(([section, title]) => {
          const own = lines.filter((line) => line.section === section);
          return own.length === 0
            ? ''
            : html`<h2>${title}</h2>
                ${table(own)}`;
        })}
        <h2>Observaciones</h2>
        ${findings(declared)}
        <h2>Al terminar</h2>
        <p>Folio: <span class="blank">${declared.folio ?? ''}</span></p>
        <p>
          Fecha de presentación:
          <span class="blank">${declared.filedOn ? writeDay(declared.filedOn) : ''}</span>
        </p>
        <p>Digite ambos en OFITEC: la declaración queda como presentada recién entonces.</p>
      </body>
    </html> `;
  return page.toString();
}

function stateOf({ state }: F29Return): Html | string {
  if (state !== 'draft' && state !== 'computed') return '';
  return html`<p class="notice">BORRADOR: nadie la ha aprobado aún.</p>`;
}

function steps({ codes }: F29Return): Html {
  const withPayment = Number(codes['91']?.value ?? 0) > 0;
  return html`<ol>
    <li>Entre a sii.cl con la clave o el certificado del contribuyente.</li>
    <li>Servicios online, Impuestos mensuales, Declaración mensual (F29), Declarar.</li>
    <li>Elija el período. Si el SII trae una propuesta, compare cada código con esta hoja.</li>
    <li>Escriba los códigos en el orden de abajo y marque cada uno. Montos sin puntos ni signo.</li>
    <li>
      Compare los totales (538, 537, 89 o 77, 595, 91). Si difieren, no envíe: vuelva a OFITEC.
    </li>
    <li>Guardar no es presentar: una declaración guardada no existe para el SII.</li>
    <li>
      ${
        withPayment
          ? 'Envíe y pague. Si el banco rechaza el pago, la declaración no quedó presentada.'
          : 'Envíe sin pago.'
      }
    </li>
    <li>Anote abajo el folio y la fecha.</li>
  </ol>`;
}

function table(lines: readonly PaperLine[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th></th>
        <th>Código</th>
        <th>Glosa</th>
        <th class="number">Valor</th>
        <th>Origen</th>
      </tr>
    </thead>
    <tbody>
      ${lines.map(
        ({ code, name, value, origin }) =>
          html`<tr class="${formCode(code)?.sign === '=' ? 'total' : ''}">
            <td><span class="box"></span></td>
            <td class="number">${code}</td>
            <td>${name}</td>
            <td class="number">${written(code, value)}</td>
            <td>${ORIGIN[origin] ?? origin}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A number with points of thousands; a rate with its comma, as Chileans write it. */
function written(code: string, value: number | string): string {
  if (typeof value === 'string') return value;
  if (!Number.isInteger(value)) return String(value).replace('.', ',');
  const digits = writeInteger(Math.abs(value));
  const isRate = formCode(code)?.kind === 'rate';
  return `${value < 0 ? '-' : ''}${digits}${isRate ? ' %' : ''}`;
}

function findings({ findings: all, acknowledgements }: F29Return): Html {
  if (all.length === 0) return html`<p>Ninguna regla observa la declaración.</p>`;
  const reasons = new Map(acknowledgements.map(({ key, reason }) => [key, reason]));
  return html`<ul>
    ${all.slice(0, 200).map((finding) => {
      const reason = reasons.get(findingKey(finding));
      return html`<li>
        ${finding.code === null ? '' : `${finding.code}: `}${finding.detail.es}
        ${reason ? html`<br />Se asume: ${reason}` : ''}
      </li>`;
    })}
  </ul>`;
}
