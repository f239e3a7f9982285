import { remark } from './rule.js';
import type { Rule } from './rule.js';

interface Situation {
  readonly name: string;
  readonly codes: string;
  readonly es: string;
  readonly en: string;
}

/**
 * Situations whose codes are kept and added where their sign is known, but which OFITEC neither
 * computes nor can check. Better named than guessed.
 */
const SITUATIONS: readonly Situation[] = [
  {
    name: 'additional-taxes',
    codes:
      '577 32 150 146 752 545 546 710 602 575 576 574 33 580 149 582 85 753 754 551 559 508 533 552 603',
    es: 'Impuestos adicionales a bebidas y alcoholes (art. 42 DL 825)',
    en: 'Additional taxes on drinks (art. 42 DL 825)',
  },
  {
    name: 'luxury-tax',
    codes: '522 526 113 28 548 540 541',
    es: 'Impuesto adicional del art. 37 DL 825',
    en: 'Additional tax of art. 37 DL 825',
  },
  {
    name: 'change-of-subject',
    codes: '39 554 736 597 555 556 557 558 515 587 720 516 517',
    es: 'Cambio de sujeto, facturas de compra, anticipos',
    en: 'Change of subject, purchase invoices, advances',
  },
  {
    name: 'consignment',
    codes: '500 501 817',
    es: 'Liquidaciones-factura (no se conoce el código del monto de las emitidas)',
    en: 'Liquidaciones-factura (the amount code of those issued is not known)',
  },
  {
    name: 'digital-platforms',
    codes: '100 101 102 811 812 813 816',
    es: 'Plataformas digitales, venta remota, ferias libres',
    en: 'Digital platforms, remote sales, street markets',
  },
  {
    name: 'refunds',
    codes: '593 594 592 539 718 790 164 154 518 791 760 767',
    es: 'Devoluciones y restituciones (arts. 36, 27 bis, 27 ter, cambio de sujeto)',
    en: 'Refunds and restitutions (arts. 36, 27 bis, 27 ter, change of subject)',
  },
  {
    name: 'diesel',
    codes: '738 739 740 730 742 743 729 744 745',
    es: 'Impuesto específico al petróleo diésel',
    en: 'Specific tax on diesel',
  },
  {
    name: 'postponed-vat',
    codes: '756 755 772 777 779 780 782 784 785 786 788 794',
    es: 'Postergación del IVA y sus cuotas (vence dos meses después, sin pasar del plazo)',
    en: 'Postponed VAT and its instalments (due two months later)',
  },
  {
    name: 'mining',
    codes: '565 120 542 122 123 700 701 702 711 703 806',
    es: 'PPM mineros y royalty',
    en: 'Mining provisional payments and royalty',
  },
  {
    name: 'simplified',
    codes: '529 530 409',
    es: 'Tributación simplificada',
    en: 'Simplified taxation',
  },
  {
    name: 'special-credits',
    codes: '725 704 160 126 572 768 523 712 757 723',
    es: 'Créditos especiales',
    en: 'Special credits',
  },
];

/** One rule for each situation that is named rather than guessed. */
export const unsupportedRules: readonly Rule[] = SITUATIONS.map(({ name, codes, es, en }) => ({
  name: `unsupported-${name}`,
  severity: 'warning',
  title: { es: `${es}: no se calcula`, en: `${en}: not computed` },
  source: 'no se encontró una fuente que lo respalde',
  check: ({ numbers }) => {
    const used = codes.split(' ').filter((code) => (numbers.get(code) ?? 0) !== 0);
    if (used.length === 0) return [];
    return [
      remark(
        used[0] ?? null,
        `Códigos ${used.join(', ')}: se toman como están escritos; revíselos en el portal.`,
        `Codes ${used.join(', ')}: taken as they are written; see to them on the site.`,
      ),
    ];
  },
}));
