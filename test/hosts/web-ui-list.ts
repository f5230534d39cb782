import type { Page } from 'playwright-core';

/** Columns in place of those that the Web UI shows by itself. */
const UNWANTED = ['Run ID', 'Type', 'Start', 'End'];

/** One line of the list: heading of the column → text. */
export type ListedRun = Readonly<Record<string, string>>;

/** The Web UI's list of workflows, used by mouse and keyboard. */
export class WebUiList {
  constructor(
    private readonly page: Page,
    private readonly address: string,
  ) {}

  /** Opens the list of everything. */
  async open(): Promise<void> {
    await this.page.goto(`${this.address}/namespaces/default/workflows`);
    await this.page.getByTestId('add-filter-button').waitFor();
  }

  /** Shows columns in place of the usual ones; the browser keeps the choice. */
  async showColumns(names: readonly string[]): Promise<void> {
    const { page } = this;
    await page.getByTestId('workflows-summary-table-configuration-button').click();
    for (const name of UNWANTED) await page.getByRole('button', { name: `Remove ${name} column` }).click();
    for (const name of names) await page.getByRole('button', { name: `Add ${name} column` }).click();
    await page.getByRole('button', { name: 'Close Workflows Table configuration' }).click();
  }

  /** _Add Filter_, an attribute, _Equal to_ a value, _Apply_. */
  async filter(attribute: string, value: string): Promise<void> {
    const { page } = this;
    await page.getByTestId('add-filter-button').click();
    await page.getByTestId('filter-search').fill(attribute);
    await page.getByRole('menuitem', { name: `${attribute} Keyword` }).click();
    await page.getByTestId(new RegExp(`^dropdown-filter-chip-${attribute}-\\d+-text$`)).fill(value);
    await page.getByRole('button', { name: 'Apply' }).click();
  }

  /** Types a query in the list filter's own language. */
  async query(text: string): Promise<void> {
    const { page } = this;
    if (!(await page.getByPlaceholder('Enter a query').isVisible()))
      await page.getByTestId('toggle-manual-query').click();
    await page.getByPlaceholder('Enter a query').fill(text);
    await page.getByRole('button', { name: 'Search', exact: true }).click();
  }

  /** What is listed at this moment. */
  async rows(): Promise<ListedRun[]> {
    const headings = await this.page.getByTestId(/^workflows-summary-table-header-cell-/).allInnerTexts();
    const rows = await this.page.getByTestId('workflows-summary-configurable-table-row').all();
    return Promise.all(
      rows.map(async (row) => {
        const cells = await row.getByTestId('workflows-summary-table-body-cell').allInnerTexts();
        return Object.fromEntries(headings.map((heading, index) => [heading, (cells[index] ?? '').trim()]));
      }),
    );
  }
}
