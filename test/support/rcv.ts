import { rutCheckCharacter } from '#kernel';

/** Header of an RCV of purchases, section REGISTRO. */
export const PURCHASE_HEADER = [
  ...['Nro', 'Tipo Doc', 'Tipo Compra', 'RUT Proveedor', 'Razon Social', 'Folio', 'Fecha Docto'],
  ...['Fecha Recepcion', 'Fecha Acuse', 'Monto Exento', 'Monto Neto', 'Monto IVA Recuperable'],
  ...['Monto Iva No Recuperable', 'Codigo IVA No Rec.', 'Monto Total', 'Monto Neto Activo Fijo'],
  ...['IVA Activo Fijo', 'IVA uso Comun', 'Impto. Sin Derecho a Credito', 'IVA No Retenido'],
  ...['Tabacos Puros', 'Tabacos Cigarrillos', 'Tabacos Elaborados'],
  ...['NCE o NDE sobre Fact. de Compra', 'Codigo Otro Impuesto', 'Valor Otro Impuesto'],
  'Tasa Otro Impuesto',
];

/** Header of an RCV of sales. */
export const SALE_HEADER = [
  ...['Nro', 'Tipo Doc', 'Tipo Venta', 'Rut cliente', 'Razon Social', 'Folio', 'Fecha Docto'],
  ...['Fecha Recepcion', 'Fecha Acuse Recibo', 'Fecha Reclamo', 'Monto Exento', 'Monto Neto'],
  ...['Monto IVA', 'Monto total', 'IVA Retenido Total', 'IVA Retenido Parcial'],
  ...['IVA no retenido', 'IVA propio', 'IVA Terceros', 'RUT Emisor Liquid. Factura'],
  ...['Neto Comision Liquid. Factura', 'Exento Comision Liquid. Factura'],
  ...['IVA Comision Liquid. Factura', 'IVA fuera de plazo', 'Tipo Docto. Referencia'],
  ...['Folio Docto. Referencia', 'Num. Ident. Receptor Extranjero'],
  ...['Nacionalidad Receptor Extranjero', 'Credito empresa constructora'],
  ...['Impto. Zona Franca (Ley 18211)', 'Garantia Dep. Envases', 'Indicador Venta sin Costo'],
  ...['Indicador Servicio Periodico', 'Monto No facturable', 'Total Monto Periodo'],
  ...['Venta Pasajes Transporte Nacional', 'Venta Pasajes Transporte Internacional'],
  ...['Numero Interno', 'Codigo Sucursal', 'NCE o NDE sobre Fact. de Compra'],
  ...['Codigo Otro Imp.', 'Valor Otro Imp.', 'Tasa Otro Imp.'],
];

/** What a row says, by the name of its column; the rest is blank. */
export type RcvRow = Readonly<Record<string, string | number>>;

/** A file as the SII writes it: semicolons, one more at the end of each row, LF. */
export function rcvOf(header: readonly string[], rows: readonly RcvRow[]): string {
  const lines = rows.map((row) => `${header.map((name) => row[name] ?? '').join(';')};`);
  return `${[header.join(';'), ...lines].join('\n')}\n`;
}

/** A RUT of a firm that does not exist, with its check character. */
export function rutOf(number: number): string {
  return `${number}-${rutCheckCharacter(String(number))}`;
}

/** An ordinary purchase; net 10.000 unless said. */
export function purchase(folio: number, more: RcvRow = {}): RcvRow {
  const net = Number(more['Monto Neto'] ?? 10_000);
  const vat = Math.floor((net * 19 + 50) / 100);
  return {
    ...{ Nro: folio, 'Tipo Doc': 33, 'Tipo Compra': 'Del Giro', Folio: folio },
    ...{ 'RUT Proveedor': rutOf(76_000_001), 'Razon Social': 'Insumos Uno SpA' },
    ...{ 'Fecha Docto': '05/10/2026', 'Fecha Recepcion': '06/10/2026 10:11:12' },
    ...{ 'Monto Exento': 0, 'Monto Neto': net, 'Monto IVA Recuperable': vat },
    'Monto Total': net + vat,
    ...more,
  };
}

/** An ordinary sale; net 10.000 unless said. */
export function sale(folio: number, more: RcvRow = {}): RcvRow {
  const net = Number(more['Monto Neto'] ?? 10_000);
  const vat = Math.floor((net * 19 + 50) / 100);
  return {
    ...{ Nro: folio, 'Tipo Doc': 33, 'Tipo Venta': 'Del Giro', Folio: folio },
    ...{ 'Rut cliente': rutOf(77_000_001), 'Razon Social': 'Hotel Dos SpA' },
    ...{ 'Fecha Docto': '05/10/2026', 'Fecha Recepcion': '06/10/2026 10:11:12' },
    ...{ 'Monto Exento': 0, 'Monto Neto': net, 'Monto IVA': vat, 'Monto total': net + vat },
    ...more,
  };
}
