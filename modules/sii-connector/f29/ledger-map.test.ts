import { describe, expect, it } from '@jest/globals';
import { formCode } from '../tables/form.js';
import { codesOf, ENTRIES, unmapped } from './ledger-map.js';
import type { LedgerGroup } from './ledger-map.js';

const nothing: LedgerGroup = {
  ...{ book: 'sale', section: 'REGISTRO', claimed: false, origin: 'rcv', dteType: 33 },
  ...{ transactionType: 'DEL_GIRO', nature: 'affected', correctsPurchaseInvoice: false },
  ...{ documents: 1, exempt: 0, net: 0, vat: 0, vatNonRecoverable: 0, vatCommonUse: 0 },
  ...{ total: 0, doubled: 0 },
};
const sale = (some: Partial<LedgerGroup>): LedgerGroup => ({ ...nothing, ...some });
const bought = (some: Partial<LedgerGroup>): LedgerGroup => ({
  ...{ ...nothing, book: 'purchase' as const },
  ...some,
});
const codes = (groups: LedgerGroup[], proportionality: number | null = null): object =>
  Object.fromEntries(codesOf(groups, proportionality).codes);

describe('from the ledger to the codes', () => {
  it('sums the VAT of documents, and never the rate of a sum', () => {
    const invoices = [
      sale({ documents: 2, net: 3, vat: 0 }),
      sale({ documents: 3, net: 1_000_000, vat: 190_001, exempt: 500 }),
    ];
    expect(codes(invoices)).toEqual({
      ...{ '503': 5, '502': 190_001, '142': 500, '563': 1_000_503 },
    });
  });

  it('takes notes off where they belong, positive as they are', () => {
    const groups = [
      sale({ dteType: 39, documents: 700, net: 5_000_000, vat: 950_000 }),
      sale({ dteType: 48, documents: 12, net: 200_000, vat: 38_000 }),
      sale({ dteType: 34, nature: 'exempt', documents: 4, exempt: 80_000 }),
      sale({ dteType: 61, documents: 2, net: 100_000, vat: 19_000, exempt: 1_000 }),
      sale({ dteType: 61, nature: 'exempt', documents: 1, exempt: 5_000 }),
      sale({ dteType: 56, documents: 1, net: 10_000, vat: 1_900 }),
    ];
    expect(codes(groups)).toEqual({
      ...{ '110': 700, '111': 950_000, '758': 12, '759': 38_000, '586': 4, '142': 74_000 },
      ...{ '509': 2, '510': 19_000, '512': 1, '513': 1_900, '563': 5_184_000 },
    });
  });

  it('sorts purchases by their transaction type, and gives no credit where there is none', () => {
    const groups = [
      bought({ documents: 9, net: 900_000, vat: 171_000 }),
      bought({ transactionType: null, documents: 1, net: 100, vat: 19 }),
      bought({ transactionType: 'SUPERMERCADO', documents: 2, net: 1_000, vat: 190 }),
      bought({ transactionType: 'BIENES_RAICES', net: 2_000, vat: 380 }),
      bought({ transactionType: 'ACTIVO_FIJO', net: 3_000, vat: 570 }),
      bought({ transactionType: 'NO_INCLUIR', net: 9_999, vat: 1_900 }),
      bought({
        ...{ transactionType: 'IVA_NO_RECUPERABLE', nature: 'creditless', net: 400 },
        vatNonRecoverable: 76,
      }),
      bought({ dteType: 34, nature: 'exempt', documents: 3, exempt: 60_000 }),
      bought({ dteType: 61, documents: 2, net: 500, vat: 95 }),
      bought({ dteType: 56, net: 50, vat: 10 }),
      bought({ dteType: 914, net: 100_000, vat: 19_000 }),
      bought({ dteType: 914, transactionType: 'ACTIVO_FIJO', net: 100, vat: 21 }),
    ];
    expect(codes(groups)).toEqual({
      ...{ '519': 10, '520': 171_019, '761': 2, '762': 190, '765': 1, '766': 380 },
      ...{ '524': 1, '525': 570, '564': 1, '521': 400, '514': 76, '584': 3, '562': 60_000 },
      ...{ '527': 2, '528': 95, '531': 1, '532': 10, '534': 1, '535': 19_000 },
      ...{ '536': 1, '553': 21, '511': 171_019 + 190 + 380 + 570 + 10 - 95 },
    });
  });

  it('leaves out what was claimed, waits or is not to be included', () => {
    const groups = [
      bought({ claimed: true, vat: 10 }),
      bought({ section: 'PENDIENTE', vat: 10 }),
      bought({ section: 'RECLAMADO', vat: 10 }),
      bought({ section: 'NO_INCLUIR', vat: 10 }),
    ];
    expect(codes(groups)).toEqual({});
    expect(unmapped(groups)).toEqual([]);
  });

  it('takes common use by the proportionality of the month, or says that it cannot', () => {
    const groups = [
      bought({ documents: 2, vat: 100 }),
      bought({ transactionType: 'IVA_USO_COMUN', documents: 3, vatCommonUse: 1_001 }),
    ];
    expect(codes(groups, 50)).toEqual({ '519': 5, '520': 601, '511': 100 });
    expect(codesOf(groups, null).lacksProportionality).toBe(true);
    expect(codesOf(groups, null).codes.get('520')).toBe(100);
    expect(codesOf(groups, 0).lacksProportionality).toBe(false);
  });

  it('names what goes into no line of the form', () => {
    const odd = [sale({ dteType: 43 }), sale({ dteType: 46 }), bought({ dteType: 40 })];
    expect(unmapped([...odd, sale({}), bought({})])).toEqual(odd);
    expect(unmapped([sale({ dteType: 61, correctsPurchaseInvoice: true })])).toHaveLength(1);
  });

  it('comes out the same whatever the order, and however the documents are split up', () => {
    let seed = 7;
    const next = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const pick = <T>(of: readonly T[]): T => of[next(of.length)] as T;
    const documents = Array.from({ length: 400 }, () => ({
      ...nothing,
      ...{
        book: pick(['sale', 'purchase'] as const),
        dteType: pick([33, 34, 39, 48, 56, 61, 914]),
      },
      nature: pick(['affected', 'exempt', 'creditless'] as const),
      transactionType: pick(['DEL_GIRO', 'ACTIVO_FIJO', 'IVA_USO_COMUN', null] as const),
      ...{ exempt: next(9_999), net: next(99_999), vat: next(19_999), vatCommonUse: next(999) },
    }));
    const whole = codesOf(documents, 37.5).codes;
    const merged = new Map<string, LedgerGroup>();
    for (const each of [...documents].reverse()) {
      const key = [each.book, each.dteType, each.nature, each.transactionType].join();
      const sum = merged.get(key);
      merged.set(
        key,
        sum
          ? {
              ...each,
              ...{ documents: sum.documents + 1, exempt: sum.exempt + each.exempt },
              ...{ net: sum.net + each.net, vat: sum.vat + each.vat },
              vatCommonUse: sum.vatCommonUse + each.vatCommonUse,
            }
          : each,
      );
    }
    expect(merged.size).toBeLessThan(200);
    expect(Object.fromEntries(codesOf([...merged.values()], 37.5).codes)).toEqual(
      Object.fromEntries(whole),
    );
  });

  it('fills codes that the form has', () => {
    expect(ENTRIES.filter(({ code }) => !formCode(code))).toEqual([]);
  });
});
