# Part of demo/run: the study files of the three disease areas (doc/examples), on phenotypes made up from the simulated trait. Sourced in demo/out.

# simulated/people.tsv with made-up severity, tumours, survival and HPO codes beside the trait. Nothing in them is anybody's.
make_up() {
    awk -F '\t' -v OFS='\t' '
        NR == 1 { print $0, "severe", "affected", "tumour", "days", "died", "codes"; next }
        { t = int($7 * 100 + 0.5); h = (t * 7919 + $6 * 104729) % 10007
          print $0, ($7 > 108 ? "yes" : "no"), (h % 4 ? "no" : "yes"), (h % 3 == 0 ? "breast" : h % 3 == 1 ? "colon" : "lung"), 30 + h % 3000, (h % 10 < 6 ? "yes" : "no"), (h % 4 ? "ICD10:Z00" : "HP:0001250") }' "$1"
}
make_up_dictionary() {
    cat "$1"
    printf 'severe\tbinary\t\t\t\t\tno|yes\naffected\tbinary\t\t\t\t\tno|yes\ntumour\tcategory\t\t\t\t\tbreast|colon|lung\ndays\tinteger\td\t0\t3650\t0\t\ndied\tbinary\t\t\t\t\tno|yes\n'
}

examples=../../doc/examples
template() { # FILE SED...: an example with this federation's nodes and catalogue, and what the demo's people have; its title says what they are
    f=$1; shift
    sed -e 's/^title .*/&, on made-up phenotypes/' -e 's/^nodes .*/nodes = ES, FI, GB, IT, US/' -e 's/^purpose .*/purpose = general-research/' -e "s/^catalogue .*/catalogue = $digest/" -e 's/^cohort .*/cohort = all/' "$@" "$examples/$f.ini" >"$f.ini"
}
gene_variants='20-1503297-T-C, 20-1510048-C-T'

areas() {
    say "8. Three disease areas, on made-up phenotypes: the study files of doc/examples"
    genes=$("$sund" publish --hub --home anna ../genes.tsv | sed -n 's/^digest = //p')
    "$sund" publish --home pooled ../genes.tsv >/dev/null

    template pca -e 's/^title .*/title = Principal components of the five countries/' -e 's/^components .*/components = 4/' && ask pca
    pcs=$(printf '%.8s' "$(sed -n 's/^  "study": "\(.*\)",$/\1/p' federated-pca/provenance.json)")

    echo; echo "Cancer: do carriers live as long? Who carries what, by tumour?"
    template cancer -e "s/^variants .*/variants = $gene_variants/" && ask cancer
    column federated-cancer/cox.tsv 1 2 4 5 6 8
    template cancer-carriers -e "s/^variants .*/variants = $gene_variants/" && ask cancer-carriers
    awk -F '\t' '$1 == "all"' federated-cancer-carriers/table.tsv | cut -f 2-4 | awk -F '\t' '{ printf "  %-26s %5s people  %6.2f %%\n", $1, $2, $3 }'

    echo; echo "Infectious disease: severe against mild, adjusted for age and two principal components that never left home"
    template infectious -e "s/^covariates .*/covariates = age, pc1_$pcs, pc2_$pcs/" && ask infectious
    strongest federated-infectious/table.tsv nlog10p 5

    echo; echo "Rare disease: genes in people with an HPO code; carriers by zygosity"
    template rare-disease -e "s/^genes .*/genes = $genes/" -e 's/^cohort .*/cohort = has HP:0001250 or affected = no/' && ask rare-disease
    strongest federated-rare-disease/table.tsv skato_nlog10p 5
    template rare-disease-carriers -e "s/^variants .*/variants = $gene_variants/" && ask rare-disease-carriers
    echo "  one page each for a browser: demo/out/federated-*/report.html"
}

# FILE COLUMN...: those columns of a table, lined up
column() {
    f=$1; shift
    cut -f "$(echo "$*" | tr ' ' ',')" "$f" | awk -F '\t' '{ printf " "; for (i = 1; i <= NF; i++) printf i == 1 ? " %-20.20s" : " %12.9s", $i; print "" }'
}
# FILE COLUMN N: the N rows of the largest value in the named column
strongest() {
    at=$(head -n 1 "$1" | tr '\t' '\n' | grep -n -x "$2" | cut -d : -f 1)
    { head -n 1 "$1"; sed 1d "$1" | grep -v "$(printf '\tNA\t')NA" | sort -t "$(printf '\t')" -k "$at,${at}gr" | head -n "$3"; } | awk -F '\t' '{ printf " "; for (i = 1; i <= NF && i <= 12; i++) printf " %9.8s", $i; print "" }'
}
