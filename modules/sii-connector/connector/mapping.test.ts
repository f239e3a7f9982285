import { describe, expect, it } from '@jest/globals';
import { array, assert, integer, property, string } from 'fast-check';
import { followPointer, isPointer, placeAt } from './json-pointer.js';
import { answerPart, mappingFaults, requestBody, webhookPart } from './mapping.js';
import type { PartnerMapping } from './mapping.js';

const given = {
  rut: '76123456-0',
  period: '202610',
  revision: 2,
  codes: { '89': 1_900, '115': 0.125, '538': 1_900 },
};

const fieldsOf = (input: unknown): string[] => mappingFaults(input).map(({ field }) => field);

describe('a mapping', () => {
  it('that says nothing leaves everything where the partner of the house has it', () => {
    expect(mappingFaults({})).toEqual([]);
    expect(requestBody({}, given)).toEqual(given);
    expect(answerPart({}, { externalId: 'P-1' }, 'externalId')).toBe('P-1');
    expect(webhookPart({}, { data: { key: 'k' } }, 'key')).toBe('k');
  });

  it('says where the request has what, and what codes are called', () => {
    const mapping: PartnerMapping = {
      request: { rut: '/contribuyente/rut', period: '/mes', revision: null, codes: '/f29/valores' },
      codes: { '538': 'totalDebitos', '89': 'ivaDeterminado' },
      constants: { '/f29/formulario': 29, '/contribuyente/pais': 'CL' },
    };
    expect(mappingFaults(mapping)).toEqual([]);
    expect(requestBody(mapping, given)).toEqual({
      contribuyente: { rut: '76123456-0', pais: 'CL' },
      mes: '202610',
      f29: {
        formulario: 29,
        valores: { ivaDeterminado: 1_900, '115': 0.125, totalDebitos: 1_900 },
      },
    });
  });

  it('has codes as a list where the partner wants one', () => {
    const mapping = { codesAsList: { code: 'codigo', value: 'valor' }, codes: { '89': 'IVA' } };
    expect(mappingFaults(mapping)).toEqual([]);
    expect(requestBody(mapping, { ...given, codes: { '89': 5, '538': 7 } })).toMatchObject({
      codes: [
        { codigo: 'IVA', valor: 5 },
        { codigo: '538', valor: 7 },
      ],
    });
  });

  it('says where the answer has what, through lists too', () => {
    const mapping = { answer: { folio: '/sii/0/folio', filedOn: '/sii/0/a~1b~0c' } };
    const body = { sii: [{ folio: 7_000, 'a/b~c': '2026-11-12' }] };
    expect(answerPart(mapping, body, 'folio')).toBe(7_000);
    expect(answerPart(mapping, body, 'filedOn')).toBe('2026-11-12');
    for (const odd of [null, 1, 'x', [], {}, { sii: {} }, { sii: [null] }]) {
      expect(answerPart(mapping, odd, 'folio')).toBeUndefined();
    }
  });

  it.each<[unknown, string[]]>([
    [null, ['mapping']],
    [[], ['mapping']],
    [{ anwser: {} }, ['mapping.anwser']],
    [{ request: [] }, ['mapping.request']],
    [{ request: { rut: 'rut' } }, ['mapping.request.rut']],
    [{ request: { rut: '' } }, ['mapping.request.rut']],
    [{ request: { codes: null } }, ['mapping.request.codes']],
    [{ request: { period: null } }, ['mapping.request.period']],
    [{ request: { folio: '/f' } }, ['mapping.request.folio']],
    [{ request: { rut: '/__proto__/x' } }, ['mapping.request.rut']],
    [{ request: { rut: '/codes/rut' } }, ['mapping.request.codes']],
    [{ request: { rut: '/period' } }, ['mapping.request.period']],
    [{ constants: { '/rut/x': 1 } }, ['mapping.constants./rut/x']],
    [{ constants: { '/x': {} } }, ['mapping.constants./x']],
    [{ constants: { '/constructor': 1 } }, ['mapping.constants./constructor']],
    [{ answer: { state: '/s' } }, ['mapping.answer.state']],
    [{ answer: { folio: '/a//b' } }, ['mapping.answer.folio']],
    [{ answer: { folio: '/a~2' } }, ['mapping.answer.folio']],
    [{ answer: { folio: `/${'x/'.repeat(9)}y` } }, ['mapping.answer.folio']],
    [{ webhook: { key: 7 } }, ['mapping.webhook.key']],
    [{ codes: { '0538': 'x' } }, ['mapping.codes.0538']],
    [{ codes: { abc: 'x' } }, ['mapping.codes.abc']],
    [{ codes: { '538': '' } }, ['mapping.codes.538']],
    [{ codes: { '538': 'x', '89': 'x' } }, ['mapping.codes.538']],
    [{ codes: { '538': '89' } }, ['mapping.codes']],
    [{ codesAsList: { code: 'a', value: 'a' } }, ['mapping.codesAsList']],
    [{ codesAsList: { code: 'a' } }, ['mapping.codesAsList']],
  ])('is refused as %j', (input, fields) => {
    expect(fieldsOf(input)).toEqual(fields);
  });

  it('takes codes that change their numbers with each other', () => {
    expect(mappingFaults({ codes: { '538': '89', '89': '538' } })).toEqual([]);
  });
});

describe('a JSON pointer', () => {
  const token = string({ minLength: 1, maxLength: 8 }).filter((each) => !/\p{Cc}/u.test(each));
  const pointer = array(token, { minLength: 1, maxLength: 8 })
    .map((all) => all.map((t) => `/${t.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''))
    .filter(isPointer);

  it('leads back to what was put there', () => {
    assert(
      property(pointer, integer(), (at, value) => {
        const document = {};
        placeAt(document, at, value);
        return followPointer(JSON.parse(JSON.stringify(document)), at) === value;
      }),
    );
  });

  it('reaches nothing of the language itself', () => {
    for (const at of ['/__proto__', '/constructor/name', '/a/prototype']) {
      expect(isPointer(at)).toBe(false);
    }
    expect(followPointer({}, '/toString')).toBeUndefined();
    expect(followPointer([], '/length')).toBeUndefined();
    expect(followPointer('text', '/length')).toBeUndefined();
  });
});
