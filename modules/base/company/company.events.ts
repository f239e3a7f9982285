import { defineEvent } from '#kernel';

export const CompanyCreated = defineEvent<{ companyId: string }>({
  name: 'company.created',
  version: 1,
  summary: 'a company was founded in this installation',
});

export const CompanyChanged = defineEvent<{ companyId: string }>({
  name: 'company.changed',
  version: 1,
  summary: 'the company’s RUT, name or address changed',
});
