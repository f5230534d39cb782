/** Comments and quoted text of PostgreSQL, each as one piece; a `;` inside of them ends no statement. */
const PIECES = /--[^\n]*|\/\*|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$|;/g;

/** Where a block comment that begins at `start` ends; they nest. */
function endOfComment(sql: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(sql); mark; mark = marks.exec(sql)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
}

/** The statements of a script without their comments; white space around them is left out, and so are empty ones. */
export function sqlStatements(sql: string): string[] {
  const statements: string[] = [];
  const pieces = new RegExp(PIECES);
  let statement = '';
  let from = 0;
  const takeTo = (end: number): void => {
    statement += sql.slice(from, end);
    from = end;
  };
  for (let piece = pieces.exec(sql); piece; piece = pieces.exec(sql)) {
    const [text] = piece;
    if (text === ';') {
      takeTo(piece.index);
      statements.push(statement);
      statement = '';
      from = pieces.lastIndex;
    } else if (text.startsWith('--') || text === '/*') {
      takeTo(piece.index);
      if (text === '/*') pieces.lastIndex = endOfComment(sql, piece.index);
      from = pieces.lastIndex;
      statement += ' ';
    } else if (text.startsWith('$')) {
      const close = sql.indexOf(text, pieces.lastIndex);
      pieces.lastIndex = close < 0 ? sql.length : close + text.length;
    }
  }
  takeTo(sql.length);
  return [...statements, statement].map((one) => one.trim()).filter((one) => one !== '');
}
