import { errors, type Locator, type Page, type Response } from 'playwright-core';

/** The current details as they are drawn: all text, and the table's lines of cells. */
export interface ShownDetails {
  readonly text: string;
  readonly rows: readonly (readonly string[])[];
}

/** When nothing was asked for so long, the page did not hear the key; in milliseconds. */
const UNHEARD_MS = 3_000;

/** Words by which the page calls what a workflow is; the first one stands beside its name. */
const STATUS = /^\s*(Running|Completed|Failed|Canceled|Terminated|Timed Out)\s*$/;

/** The Web UI's page of one workflow, used by mouse and keyboard. */
export class WebUiRun {
  constructor(private readonly page: Page) {}

  /** Opens the page with summaries and current details, from the workflow's own address. */
  async open(address: string): Promise<void> {
    const { page } = this;
    await page.goto(address);
    await page.getByRole('tab', { name: 'User Metadata' }).click();
    await page.locator('iframe[src*="/render?content=**"]').waitFor();
  }

  /** Asks for the details anew, as the page says: by the key R. */
  async refresh(): Promise<void> {
    const isAnswer = (response: Response) => response.url().includes('workflow_metadata');
    const answered = this.page.waitForResponse(isAnswer, { timeout: UNHEARD_MS }).catch((error: unknown) => {
      // A page that is still asking does not hear the key; whoever waits presses it again.
      if (!(error instanceof errors.TimeoutError)) throw error;
    });
    await this.page.keyboard.press('r');
    await answered;
  }

  /** What the details show at this moment; `null` while they are being drawn. */
  async details(): Promise<ShownDetails | null> {
    const drawn = this.page.frames().find((frame) => frame.url().includes('/render?content=**'));
    if (drawn === undefined) return null;
    try {
      const rows = await drawn.locator('tr').all();
      return {
        text: await drawn.locator('body').innerText(),
        rows: await Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts())),
      };
    } catch (error) {
      // Drawn anew while we looked: that frame is gone.
      if (!drawn.isDetached() && !String(error).includes('context was destroyed')) throw error;
      return null;
    }
  }

  /** What the page calls the workflow's status, in the head of the page. */
  async status(): Promise<string> {
    return (await this.page.getByText(STATUS).first().innerText()).trim();
  }

  /** Waits until an event with this summary is listed. */
  async untilSummary(summary: string): Promise<void> {
    await this.page.getByText(summary, { exact: true }).first().waitFor();
  }

  /** Opens the dialog behind _Request Cancellation_. */
  async openCancellation(): Promise<Locator> {
    await this.page.getByRole('button', { name: 'Request Cancellation' }).click();
    return this.shown('Cancel Workflow');
  }

  /** Opens the form behind _Send a Signal_ and fills it in. */
  async fillSignal(name: string, json: string): Promise<void> {
    const { page } = this;
    const form = await this.openSignals();
    await form.getByRole('option', { name }).click();
    await form.getByRole('textbox').last().click();
    await page.keyboard.insertText(json);
    // Left, the field writes its text anew on several lines, which moves the buttons below it.
    await page.keyboard.press('Tab');
  }

  /** What the form says about each signal: name → description. */
  async signals(): Promise<Record<string, string>> {
    const form = await this.openSignals();
    const option = form.getByRole('option');
    // The page asks the worker for them when the form is opened.
    await option.first().waitFor();
    const options = await option.allInnerTexts();
    await form.getByTestId('signal-select-button').click();
    await form.getByRole('button', { name: 'Cancel' }).last().click();
    return Object.fromEntries(
      options.map((text) => {
        const [name = '', ...rest] = text.split('\n');
        return [name.trim(), rest.join(' ').trim()];
      }),
    );
  }

  /** Sends what was filled in, and waits until the form is gone, which is how the page says that it was sent. */
  async submitSignal(): Promise<void> {
    const form = await this.shown('Send a Signal');
    await form.getByRole('button', { name: 'Submit' }).click();
    await form.waitFor({ state: 'hidden' });
  }

  async signal(name: string, json: string): Promise<void> {
    await this.fillSignal(name, json);
    await this.submitSignal();
  }

  /** Opens the form with its choice of signals. */
  private async openSignals(): Promise<Locator> {
    const { page } = this;
    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.getByRole('menuitem', { name: 'Send a Signal' }).click();
    const form = await this.shown('Send a Signal');
    await form.getByTestId('signal-select-button').click();
    return form;
  }

  private async shown(title: string): Promise<Locator> {
    const dialog = this.page.getByRole('dialog', { name: title });
    await dialog.waitFor();
    return dialog;
  }
}
