"""What monitoring does to real experiments: computed anew from public data by `make evidence`, drawn as a page.

`series` reads, `rules` say when to stop, `null` asks what they find where there is nothing, `findings` adds up; `page`,
`charts` and `wording` only show. Never: data of others in this repository; the page goes to `instance/evidence`.
"""
