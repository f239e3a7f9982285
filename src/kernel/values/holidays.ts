const holidays = new Map<number, Promise<ReadonlySet<string>>>();

/** Whether a day, `YYYY-MM-DD`, is a public holiday in all of Chile. */
export async function isHoliday(day: string): Promise<boolean> {
  const year = Number(day.slice(0, 4));
  const known = holidays.get(year) ?? loadHolidays(year);
  holidays.set(year, known);
  return (await known).has(day);
}

/** Loaded where it is wanted: the library holds the holidays of the whole world. */
async function loadHolidays(year: number): Promise<ReadonlySet<string>> {
  const { default: Holidays } = await import('date-holidays');
  const chile = new Holidays('CL');
  // Holy Saturday is one by law (Ley 2.977, article 1); the library has Easter Sunday only.
  chile.setHoliday('easter -1', { name: 'Sábado Santo', type: 'public' });
  const found = chile.getHolidays(year).filter(({ type }) => type === 'public');
  return new Set(found.map(({ date }) => date.slice(0, 10)));
}
