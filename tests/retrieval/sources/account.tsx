import React, { useState } from "react";

type Props = { owner: string; entries: Entry[] };

export function Balance({ owner, entries }: Props) {
  const [open, setOpen] = useState(false);
  return <button onClick={() => setOpen(!open)}>{owner}: {entries.length}</button>;
}

export const Statement: React.FC<Props> = ({ owner, entries }) => (
  <section>
    <h1>{owner}</h1>
    {entries.map((entry) => <Row key={entry.id} {...entry} />)}
  </section>
);
