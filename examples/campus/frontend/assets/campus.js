// Fills the page's table from its data source; the columns are whatever the backend sends, ids left out.
const table = document.querySelector('table[data-source]');
const notice = document.querySelector('.notice');

function row(kind, texts) {
  const line = document.createElement('tr');
  for (const text of texts)
    line.append(Object.assign(document.createElement(kind), { textContent: text ?? '' }));
  return line;
}

async function fill() {
  const response = await fetch(table.dataset.source);
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  const items = await response.json();
  const columns = Object.keys(items[0] ?? {}).filter((name) => !/(^|_)id$/.test(name));
  table.tHead.replaceChildren(
    row(
      'th',
      columns.map((name) => name.replaceAll('_', ' ')),
    ),
  );
  table.tBodies[0].replaceChildren(
    ...items.map((item) =>
      row(
        'td',
        columns.map((name) => item[name]),
      ),
    ),
  );
  notice.textContent = items.length === 0 ? 'Nothing here yet.' : '';
}

if (table) fill().catch((error) => (notice.textContent = `Not available now. ${error.message}`));
