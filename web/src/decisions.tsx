// SPDX-License-Identifier: LGPL-2.1-or-later
// What was decided, and why, by a daemon that keeps no events: its last decisions.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Decision } from "./model";
import { clock, sentence, type Unit } from "./units";

const WORDS = { set: "set", grant: "grant", refuse: "refuse" };

export function Decisions({ decisions, selected, name, unit }: { decisions: Decision[]; selected: number | null; name: string | null; unit: Unit }): JSX.Element {
  const [only, setOnly] = useState(false);
  const shown = decisions.filter((decision) => !only || selected === null || decision.domid === selected).slice().reverse();
  return (
    <section class="panel decisions" aria-labelledby="decisions-title">
      <div class="head">
        <h2 id="decisions-title">Decisions</h2>
        <span class="count">the last {shown.length}</span>
        {name !== null && (
          <label class="check">
            <input type="checkbox" checked={only} onChange={(event) => setOnly(event.currentTarget.checked)} /> only {name}
          </label>
        )}
      </div>
      <div class="scroll log" tabIndex={0} role="region" aria-label="Decisions, the newest first">
        <table>
          <thead class="hidden">
            <tr>
              <th scope="col">time</th>
              <th scope="col">what</th>
              <th scope="col">decision</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((decision) => (
              <tr key={decision.number} data-number={decision.number} class={decision.what}>
                <td class="time">{clock(decision.time_usec)}</td>
                <td>
                  <span class={`what ${decision.what}`}>{WORDS[decision.what] ?? decision.what}</span>
                </td>
                <td title={decision.message}>
                  {sentence(decision, unit)}
                  {decision.outcome && decision.outcome !== "done" && <span class="bad"> ({decision.outcome})</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {shown.length === 0 && <p class="note">None yet.</p>}
      </div>
    </section>
  );
}
