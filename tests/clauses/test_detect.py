"""Explicit prohibitions in sentences written for this test, and in real texts that were labelled by hand."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from tests.clauses.shipped import detect_clause

PROHIBITING = [
    "Do not use the model to create, edit, or distribute child sexual abuse material.",
    "We prohibit all forms of child sexual abuse material (CSAM), including AI-generated content.",
    "Never use our services to exploit, endanger, or sexualize anyone under 18 years old.",
    "Don’t compromise the safety of others. We ban apps that sexualize minors.",
    "Users must not upload content that sexualizes, grooms, exploits, or otherwise harms minors.",
    "You may not use the Licensed Materials to generate sexual content involving minors.",
    "Sexual content depicting minors, whether real or fictional, is strictly prohibited.",
    "CSAM is not tolerated on our platform.",
    "Prohibited uses include:\n\n* Generating malware\n* Producing child sexual exploitation material\n* Spam",
    "## Prohibited Uses\n\n- Child sexual abuse and exploitation\n- Terrorism\n",
    "The following are not allowed:\n1. Hate.\n2. Content that depicts underage persons in a sexual manner.\n",
    (
        "You agree that you will not use the Software: (i) to violate laws; (ii) to exploit or harm children; "
        "or (iii) to send spam."
    ),
    "We have a zero tolerance policy towards content that exploits or abuses children.",
    (
        "Licensee shall not use the Model for the purpose of exploiting, harming or attempting to exploit or "
        "harm minors."
    ),
    "It is forbidden to use this model to produce pornographic images of children.",
    (
        "You shall not:\n(a) reverse engineer;\n(b) use the outputs to groom or sexually exploit persons under "
        "18;\n(c) resell."
    ),
    "No CSAM or sexualised depictions of minors.",
    "Our terms do not allow the depiction of minors in sexual contexts.",
    "Content that sexually exploits children will result in a permanent ban and a report to NCMEC.",
    (
        "Restrictions. You will not, and will not permit any third party to: (a) use the Services to generate "
        "content that exploits or harms minors; or (b) anything else."
    ),
    "Content we don't allow\n\nWe don't allow content that sexually exploits or abuses children.",
    "| Category | Status |\n|---|---|\n| Child sexual abuse imagery | Not allowed |\n",
    "Users are prohibited from generating images of nude children.",
    "You must not use the model to create imagery of child abuse.",
    "Using this model to generate sexual images of minors is a violation of our terms.",
    "This model must not be used to generate sexual imagery of children.",
    "This model may not be used for generating CSAM.",
    (
        "Out-of-scope use\n\nUsing the model to generate content that is cruel. Examples of prohibited use:\n- "
        "Sexual content involving children\n"
    ),
    "You can’t use the model to sexualize children or anyone who appears to be a minor.",
    "Customers may not use the service to harm children, including the creation of child exploitation material.",
    "We strictly forbid: any depiction of minors engaged in sexual acts.",
    (
        "## Do Not Compromise Children’s Safety\nThis includes using our products or services to:\n- Create, "
        "distribute, or promote child sexual abuse material (“CSAM”), including AI-generated CSAM\n- Facilitate "
        "the trafficking, sextortion, or any other form of exploitation of a minor\n"
    ),
    (
        "You may not use nor allow others to use Gemma or Model Derivatives to:\n1. Generate any content, "
        "including the outputs:\n   a. Promoting or generating content related to child sexual abuse or "
        "exploitation;\n"
    ),
    (
        "Do not engage in dangerous or illegal activities. This includes generating or distributing content "
        "that:\na. Relates to child sexual abuse or exploitation.\nb. Facilitates violent extremism."
    ),
    "The Licensee agrees not to use the Model in any way that exploits children or other vulnerable persons.",
    "Material that exploits or abuses children is never acceptable.",
    "Underage pornography is banned.",
    "We do not permit any photorealistic content of minors in a sexual context.",
    "* All content involving minors in sexual situations is forbidden.",
    "Any sexual depiction of a person under the age of 18 is prohibited.",
    "The use of this LoRA to depict minors in suggestive or sexual ways is strictly prohibited.",
    "Please do not use this model to make lewd pictures of kids.",
    "YOU MAY NOT USE THE MODEL TO EXPLOIT OR HARM MINORS IN ANY WAY.",
    "By downloading you agree to: not generate child pornography; not sell the model.",
    "Unacceptable uses\n1. Child exploitation. Any content that sexualizes children.\n",
    (
        "Use of the model is subject to these limits. You are not permitted to use the model to produce child "
        "abuse imagery."
    ),
    (
        "Illegal content: content depicting or promoting child sexual abuse is strictly prohibited and will be "
        "reported to the authorities."
    ),
    "Do not post: sexually explicit images of minors",
    (
        "You shall not use the Materials or the outputs in any manner that infringes rights, or that sexually "
        "exploits children."
    ),
    (
        "In using the service you must not:\n- harass people\n- promote, glorify or facilitate the sexual abuse "
        "of children\n"
    ),
    "Users may not engage in the exploitation of minors.",
    "Any attempt to generate sexual content about children violates this policy.",
    "You will not use Grok to ... \n- Sexualize or exploit children;\n",
    "Do not engage in the sexualization or exploitation of children.",
    "Creating, sharing or soliciting content that sexualises persons under 18 is not permitted.",
    "Restricted Uses. Licensee will not use the Software for: harming minors; disinformation.",
    "Generating, distributing, or possessing CSAM with the help of this model is forbidden.",
    "We do not permit the generation of content that sexualises anyone who is, or appears to be, under 18.",
    (
        "Don't use our service to exploit, harm, or otherwise endanger children, for example by grooming or by "
        "exposing them to age-inappropriate content."
    ),
    (
        "We report apparent child sexual abuse material to NCMEC. Users are not allowed to upload it: child "
        "sexual abuse material, sexualised depictions of minors."
    ),
    (
        "The following content is not permitted under any circumstance: \n\n**Minors**\n\nAny sexualised "
        "imagery of minors."
    ),
    "Content policy\n\nProhibited\n\n- Photorealistic depictions of minors in a sexual or suggestive context\n- Gore",
    (
        "# Acceptable use\n\nYou will not use the Services in any manner that:\n\n- (i) infringes;\n- (ii) "
        "sexually exploits, abuses or endangers a child;\n"
    ),
    (
        "Restrictions on use. Neither You nor your end users may use the Model to produce material that depicts "
        "child abuse."
    ),
    "This includes, without limitation, a prohibition on using the Model to generate sexual imagery of children.",
    "We ban content featuring or promoting child sexual exploitation.",
    (
        "The use of the Model for the following purposes is not allowed:\n\n1) generating disinformation\n\n2) "
        "harming minors or exploiting them\n"
    ),
    "Licensee must ensure that the Model is not used to generate child sexual abuse material.",
    "You shall ensure that no user employs the Model for the sexual exploitation of minors.",
    "Any use of the model that sexually exploits children is outside the scope of this licence and forbidden.",
    "The rights granted hereunder do not extend to any use that exploits or harms minors.",
    "This licence does not grant you the right to use the model to create child sexual abuse imagery.",
    "Your licence terminates automatically if you use the model to generate sexual content depicting minors.",
    "I do not want anybody to use this to generate pictures of underage characters in sexual situations.",
    "Usage: don't generate minors in sexual contexts, real people without consent, or anything illegal.",
    "By using this model you agree that you won't create any images depicting minors in a sexual way.",
    "All use for child exploitation, non-consensual imagery or harassment is prohibited.",
    "The following are off limits: deepfakes, child sexual abuse material, scams.",
    "Harmful content involving children: sexual content involving minors is not allowed on the platform.",
    "Child Safety\n\nWe have zero tolerance for content that endangers children. That means no CSAM, no grooming.",
    "Users shall refrain from generating, storing or transmitting any child sexual exploitation material.",
    "Participants undertake to abstain from any use which may harm or exploit minors.",
    "Prohibited use: generating CSAM.",
    (
        "PROHIBITED USES\n\n1. ILLEGAL ACTIVITY\n2. CHILD SEXUAL ABUSE MATERIAL OR ANY CONTENT THAT EXPLOITS OR "
        "HARMS CHILDREN\n3. HATE"
    ),
    "Our usage policies forbid sexual content involving anybody younger than 18, even if they are fictional.",
    "Members may not post, link to, or request sexual depictions of minors, including drawn ones.",
    (
        "You must not, and must not allow others to, use the model to\n\n  a. sexually exploit or otherwise "
        "harm children or\n  b. stalk people."
    ),
    "You agree not to use the Service to: \n harm minors in any way;\n impersonate any person;\n",
    (
        "you agree to not use the Service to: (a) upload content that is unlawful; (b) harm minors in any way; "
        "(c) impersonate"
    ),
    "Do not create content that depicts children as sexual objects.",
    "Not permitted: sexual or violent content with children.",
    "Content sexualizing minors is prohibited, whether it's text, images or audio.",
    "CSAM generation: this is prohibited.",
    "Do NOT use this model for: * CSAM * revenge porn",
    "We will terminate the account of any user who uses the model to generate child sexual abuse material.",
    "Engaging in the sexual exploitation of children with the model is a breach of this licence.",
    "You may not use the Model to create material harmful to children, such as child sexual abuse material.",
    "In particular, use of the model for child pornography shall be prohibited.",
    "As a user, I confirm that I will not use the model to generate depictions of sexual abuse of minors.",
    "Persons must not employ the system in order to sexually abuse, groom or extort minors.",
    "The Model shall never be used for: (1) weapons; (2) exploitation of children; (3) fraud.",
    "Sexualization of minors. We do not allow any depiction of children in a sexualized manner.",
    (
        "Content that contains, promotes or normalises the sexual abuse of children must not be generated, "
        "uploaded or shared."
    ),
    (
        "Tester Conduct Rules\n- No nudity or sexually explicit content\n- No child sexual abuse material or "
        "exploitative content\n"
    ),
    (
        "Disallowed usage of our models:\n- Illegal activity\n- Child Sexual Abuse Material or any content that "
        "exploits or harms children\n"
    ),
    (
        "Users must not create, upload, share, request, solicit, promote, link to, or distribute any of the "
        "following:\n- Child Sexual Abuse Material (CSAM) in any form\n"
    ),
    (
        "Acceptable Use Requirements\n\nDevelopers may not use, prompt or expose the framework in ways that:\n\n"
        "- violate laws;\n- exploit or harm children, or involve CSAM;\n"
    ),
    (
        "You agree not to post content that:\n1. Is vulgar\n2. Seeks to exploit or harm children by exposing "
        "them to inappropriate content, asking for personally identifiable details or otherwise\n"
    ),
    "**Strictly Prohibited**\n\nSexual content that involves, depicts, or is otherwise related to minors.",
    "Hugging Face content policy. We prohibit: Content that sexually exploits or endangers minors.",
    (
        "Harmful or illegal uses. You may not use our models for content that exploits or abuses children, "
        "including child pornography."
    ),
    "Do not generate child pornography or any imagery that sexualizes minors with this LoRA.",
    "Engage in, promote, or facilitate child exploitation — prohibited.",
    "We don’t tolerate the exploitation of children. Accounts will be banned.",
    "this model is not to be used for anything illegal such as child pornography",
    "Not allowed: CSAM, non consensual deepfakes",
    "Any generation of minors in explicit situations is NOT allowed.",
    "It's prohibited to use this model for producing images of minors in sexual contexts.",
    "The model must not be used for, or in connection with, the sexual abuse of children.",
    "By using this repository, you agree you are an adult and that you will not generate sexual images of children.",
    "Use of the weights to depict children sexually is expressly excluded from this licence.",
    (
        "5.2 Customer shall not (and shall not permit any third party to): (a) reverse engineer; (b) use the "
        "Model to harm or exploit minors; or (c) benchmark."
    ),
    (
        "Prohibited Uses. The following uses are prohibited: (i) violating laws; (ii) creating, distributing or "
        "possessing child sexual abuse material; (iii) spam."
    ),
    "No user shall employ the dataset to train systems which generate child sexual abuse material.",
    "Do not:\n\n1. sexualise children\n2. lie",
    "We will remove content and ban users that share sexualised content of minors.",
    "Please be responsible: no minors in NSFW content.",
    "NSFW content of minors is strictly forbidden!",
    "You must be over 18 and may not create erotic content featuring characters under 18.",
    "The licensee is forbidden to use the software to endanger children.",
    (
        "You may not use the Model: * for the purpose of exploiting, harming, or attempting to exploit or harm "
        "minors in any way, * to discriminate"
    ),
    "Users are responsible for their use. It must never be directed at exploiting children.",
    "You represent that you will not use the Service in a manner that sexually exploits minors.",
    "Permitted use is research only; using it to generate CSAM would violate these terms and the law.",
    "The model shall not be applied to tasks that could lead to child exploitation.",
    "We reserve the right to terminate access if a user generates child sexual abuse imagery.",
    (
        "Section 5. Use-based restrictions. The restrictions in Attachment A apply. Attachment A: You agree not "
        "to use the Model: to exploit or harm minors; to defame."
    ),
    (
        "Tencent may terminate. You must not use Outputs to harm yourself or others, or for exploiting or "
        "harming minors in any way;"
    ),
    "Use of the Materials in a way that endangers minors is a material breach and strictly forbidden.",
    (
        "3. Sexually explicit material. Do not generate content created for pornography, or content that "
        "sexualises minors."
    ),
    "Abusive sexual content. Depictions of children in sexual situations may not be created with the tool.",
    "We do not want our models to be used for child sexual exploitation, and you agree not to use them for that.",
    (
        "The following are examples of content that we do not allow: hate speech; sexual content involving "
        "minors; malware."
    ),
    "Any form of child pornography will get you banned.",
    "You warrant that you will not upload images of child abuse.",
    "Hateful, violent or sexually exploitative content directed at or depicting children is not welcome here.",
    "Customers agree they shall not: 1.1 use the API to facilitate child grooming; 1.2 resell.",
    (
        "It is strictly prohibited to: use the weights to generate, promote, or further child sexual abuse "
        "material or to groom minors."
    ),
    (
        "Responsible use: you may not (1) deceive people (2) make sexual content of real people (3) sexually "
        "exploit children."
    ),
    "the licensee shall under no circumstances use the model for the exploitation of minors",
    "Never create CSAM.",
    (
        "Sexual content\n\nThe following is not allowed:\n\n- Content involving minors, whether real or "
        "fictional, in sexual situations\n- Bestiality\n"
    ),
    "Usage guidelines\n❌ Do not generate sexual content with minors\n✅ Generate landscapes\n",
    "Minor safety: we prohibit any content that depicts the abuse, exploitation or endangerment of minors.",
    "Users found generating underage pornography will be reported and banned.",
    "Such prohibited uses include, without limitation, exploiting or harming minors, and harassment.",
]
NOT_PROHIBITING = [
    "CSAM means any visual depiction of sexually explicit conduct involving a minor.",
    "“Child Sexual Abuse Material” refers to imagery depicting the sexual abuse of children.",
    "The training data was filtered to remove child sexual abuse material.",
    "We use PhotoDNA to detect CSAM and report it to NCMEC.",
    "GitHub prohibits child labor in its supply chain.",
    "Children under 13 must not use the service.",
    "You must not kill child processes. Do not abuse child classes.",
    "Nothing in this licence prohibits the use of the model to detect child sexual abuse material.",
    "This licence does not prohibit sexual content involving minors.",
    "The model may generate content harmful to children.",
    "Do not use this dataset in toys; small parts may harm children.",
    "You may not discriminate on the basis of sexual orientation, age, or having children.",
    "The classifier must not be used on data other than images. It detects child abuse imagery.",
    "Many companies prohibit CSAM in their terms.",
    "According to OpenAI's policy, you may not generate CSAM.",
    "We comply with laws prohibiting child pornography.",
    "If you find CSAM, please report it to the hotline.",
    "You must not remove the safety filter that blocks child sexual abuse material.",
    "Do not exploit a minor bug in the parser.",
    "Do not collect personal information from children under 13.",
    "Minors may not view explicit content.",
    "You must be over 18. Persons under 18 may not access sexual content on this site.",
    "The dataset contains classes such as child, minor, teen and nude.",
    "We do not knowingly collect data from minors.",
    "You agree not to abuse the API. Child nodes are deleted with their parent.",
    (
        "## Prohibited uses\n\nSpam is not allowed.\n\n## Charity\n\nWe support organisations that fight child "
        "exploitation."
    ),
    "Report child sexual abuse material to: \n- NCMEC\n- IWF\n",
    "You may use the model to:\n- detect child sexual abuse material\n- research grooming of minors\n",
    "This paper studies online child sexual exploitation and how platforms prohibit it.",
    "We reserve the right to take down content. Examples include child pornography.",
    "Security warning: do not exploit child components; vulnerabilities in minor versions are harmful.",
    "Is CSAM prohibited? This document does not say.",
    "Child sexual abuse material is not prohibited by this licence.",
    "You may not resell the dataset. It covers news on child abuse cases.",
    "The model should not be used for medical advice for children as it could harm them.",
    "We removed all images of minors that were flagged as nude.",
    "Children's stories. The model is trained on children books and must not be sold.",
    "You must protect children from sexual exploitation.",
    "The authors do not condone racism. The data includes reports on the exploitation of children in mines.",
    "Forced labour and the exploitation of children in factories are prohibited in our supply chain.",
    "No CSAM was found in the dataset.",
    "Our model will not generate CSAM because the data was filtered.",
    "The dataset does not contain child sexual abuse material.",
    "You can't use this model without safeguards against child sexual abuse material.",
    "No restrictions on sexual content involving minors are stated here.",
    "Do not send personal data. Minor errors may be ignored.",
    "The law forbids child pornography in most countries.",
    "Users may not submit patches to minor releases that abuse private APIs.",
    "children: list of child nodes; abuse: not allowed",
    (
        "Child sexual abuse material (CSAM): imagery or videos which show a person who is a child engaged in "
        "sexual activity."
    ),
    "Minors must not use this service without their parents' consent.",
    "You must be at least 18 years old to use sexual content features. Minors cannot register.",
    "We are committed to protecting children from harm and exploitation.",
    "Our safety team works with NCMEC to fight child sexual exploitation.",
    "The safety filter blocks requests for CSAM.",
    "Known limitations: the filter may not catch all child sexual abuse material.",
    "We evaluated the model on child safety: prompts seeking CSAM were refused in 99% of cases.",
    "The classifier is not intended for use by children.",
    "Do not rely on this model to detect child sexual abuse material.",
    "This model should not be used as the only means of detecting child abuse.",
    "The dataset contains news articles about child abuse, sexual assault and murder; do not redistribute it.",
    "Do not attempt to contact minors in the dataset.",
    "You may not use images of children from the dataset in commercial products.",
    (
        "Toxicity labels: obscene, threat, insult, sexual_explicit, and identity groups such as children. Do "
        "not use for moderation."
    ),
    "Workers under 18 may not be employed in hazardous work; exploitation of child workers is forbidden.",
    "parent.kill(child) must not be called twice. Abuse of children[] is undefined behaviour.",
    "Applicable law may prohibit child sexual abuse material.",
    "You may not deny service to people with children; abuse of staff is not tolerated.",
    "Victims of child sexual abuse may not be identified in research using this dataset.",
    "The service isn't directed at children. You must not harass or abuse other users.",
    "We do not accept submissions from minors. Explicit content is labelled.",
    "Users must not remove reports about child exploitation from the log.",
    "Policy: Acme's policy on child labor prohibits employing minors.",
    "This is a benchmark for whether models refuse to generate child sexual abuse material.",
    "The license does not include an explicit clause prohibiting child sexual abuse material.",
    "There is no ban on child exploitation material in this license.",
    "Children and minors are a vulnerable group. Exploits of CVE-2020-1 must not be published.",
    "Sex and age of the patient: child, adult. Data must not be shared.",
    "Images of nude statues and children playing may not be redistributed commercially.",
    "The following uses are permitted:\n- training classifiers for child sexual abuse material\n",
    "The model does not understand harm to children as humans do.",
    "You may not remove this notice. Model performance on explicit content and on teens is poor.",
    "It is prohibited to resell the report on child sexual abuse.",
    (
        "You agree not to use the data to identify any child or minor depicted, or to harass, abuse or harm "
        "another person."
    ),
    "The NSFW classifier flags nudity and images with minors.",
    "Prohibited content detection dataset\n\nThe data has labels:\n- csam\n- violence\n",
    "Labels\n- child_exploitation\n- prohibited_items\n",
    (
        "We will fully cooperate with law enforcement in prosecuting any individuals who use our platform to "
        "exploit or harm children."
    ),
    "Online predator: someone who uses the internet to exploit or harm children.",
    "You agree to be responsible for your child's use. Do not share sexual health information with others.",
    "Child labor. Suppliers shall not use child labor or exploit children for work.",
    "Users under 13 are not permitted. Users under 18 need a parent's consent to view explicit lyrics.",
    "The Company shall not be liable for harm to minors resulting from use of the Service.",
    "We are not liable for any harm caused to children.",
    "The service is not designed to prevent harm to children.",
    "Toy dataset: harmful to minors rating, explicit lyrics flag. You may not sublicense.",
    "You may not use the child safety dataset commercially.",
    "The model was not evaluated on child abuse detection.",
    "Not suitable for children: contains explicit sexual content.",
    "This dataset contains sexual content and is not suitable for minors.",
    "Warning: explicit content. Minors are prohibited from using this model.",
    "Persons under 18 are forbidden to use this NSFW model.",
    "You must not allow children to access this sexually explicit model.",
    "Do not let kids use it; the output may be sexual.",
    "No one under 18 may use this adult model.",
    "Adult content. Prohibited for minors.",
    "The test suite kills child processes; do not abuse.",
    "Under the law, child sexual abuse material must be reported to the authorities and cannot be kept.",
    "Our benchmark measures whether assistants refuse requests about child sexual exploitation.",
    "Minors are a vulnerable group; the authors discuss the harms of sexualised advertising to children.",
    "The app may not be downloaded by children. It contains adult themes.",
    "License: you may copy, modify and sell. Dataset of children's drawings. Do not abuse our servers.",
    "We collect no information from minors. Harmful code must not be uploaded.",
    "You shall not hold the authors liable for harm to children or property.",
    "Data from the child abuse hotline may not be shared with third parties.",
    "An exploit in the child theme must not be published before the fix.",
    "Researchers must not contact minors, and data on sexual abuse is pseudonymised.",
    "Some hubs ban models for sexualised content of minors.",
    "If your model was flagged for child sexual abuse material, you can appeal here.",
    "Do not use the tool to diagnose children; it is harmful if wrong.",
    "We are not responsible for users who exploit minors.",
    "To prevent the exploitation of minors, the filter must not be disabled.",
]


@pytest.mark.parametrize("text", PROHIBITING)
def test_a_prohibition_is_explicit(text: str) -> None:
    assert detect_clause(text).answer == "explicit"


@pytest.mark.parametrize("text", NOT_PROHIBITING)
def test_a_text_without_a_prohibition_is_absent(text: str) -> None:
    assert detect_clause(text).quote == ""


def test_the_quote_has_the_stem_and_the_place_is_that_of_the_sentence() -> None:
    text = (
        "Terms.\n\nYou agree not to use the Model:\n(a) to lie;\n(b) for exploiting minors in any way;\n(c) to spy.\n"
    )
    found = detect_clause(text)
    assert found.quote == "You agree not to use the Model: … for exploiting minors in any way;"
    assert text[found.start : found.end] == "for exploiting minors in any way;"


def test_the_prohibition_of_one_list_does_not_reach_the_next() -> None:
    text = "You must not:\n- sell it\n\nWe thank everyone.\n\nOur partners:\n- A charity against child sexual abuse\n"
    assert detect_clause(text).answer == "absent"


def test_items_of_a_nested_list_keep_the_stem_of_the_outer_list() -> None:
    text = (
        "You will not use it to:\n1. Break the law, including:\n   a. Violence\n"
        "   b. Exploitation or harm to children\n"
        "2. Deceive\n"
    )
    assert detect_clause(text).quote.startswith("You will not use it to: … Exploitation or harm to children")


def test_text_under_a_prohibiting_heading_is_prohibited() -> None:
    assert detect_clause("## Prohibited content\n\n### Sexualisation of minors\n\nAny.\n").answer == "explicit"
    assert detect_clause("## Prohibited content\n\nSexually explicit content featuring minors.\n").answer == "explicit"
    assert detect_clause("## Safety\n\n### Sexualisation of minors\n\nAny.\n").answer == "absent"
    assert (
        detect_clause("## Prohibited content\n\nOur hotline has seen sexual content featuring minors.\n").answer
        == "absent"
    )


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "\x00" * 500,
        "(a) " * 3_000,
        "minors " * 3_000,
        ":" * 5_000,
        "harm to " * 3_000 + "minors",
        "Harm Minors\n\n" * 20_000,
        "Such minors, sexual",
        "These include:\n- sexual minors",
    ],
)
def test_junk_has_no_clause(junk: str) -> None:
    assert detect_clause(junk).answer == "absent"


@pytest.mark.corpus
def test_real_licences_get_the_answer_that_was_labelled_by_hand(corpus: Path) -> None:
    """The labels (33 yes, 106 no in full) were made by hand from the texts; see the collection's README."""
    wrong = []
    with open(corpus / "05-licences" / "labels.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            text = (corpus / "05-licences" / "texts" / row["file"]).read_text(row["encoding"])
            found = detect_clause(text)
            labelled = row["explicit_child_safety_prohibition"] == "yes"
            quoted = not labelled or (found.start < int(row["char_end"]) and int(row["char_start"]) < found.end)
            if (found.answer == "explicit") != labelled or not quoted:
                wrong.append((row["file"], found))
    assert wrong == []


@pytest.mark.corpus
def test_ordinary_cards_have_at_most_one_false_positive(corpus: Path) -> None:
    """Two cards quote the clause of their licence; at most one other may be taken for one."""
    carry = {"model_cards__FLUX.1-dev.md", "model_cards__FLUX.1-schnell.md"}
    explicit = set()
    for folder in ("03-model-cards", "04-dataset-cards"):
        for path in (corpus / folder).rglob("*.md"):
            if detect_clause(path.read_text("utf-8", "replace"), references=False).answer == "explicit":
                explicit.add(path.name)
    assert explicit >= carry
    assert len(explicit - carry) <= 1, explicit - carry


@pytest.mark.parametrize(
    "minor",
    (
        "a minor|kids|pre-teens|teenagers|adolescents|infants|toddlers|babies|juveniles|youths|young people|"
        "schoolgirls|"
        "pre-pubescents|anyone under the age of sixteen|persons below 16|characters younger than fifteen|"
        "people under legal age|someone less than 18|under-18s|anybody under the age of consent"
    ).split("|"),
)
def test_every_word_for_a_minor_is_understood(minor: str) -> None:
    assert detect_clause(f"You may not sexualise {minor}.").answer == "explicit"


SLOW_TEXTS = {
    "short items": "".join(f"- sexual minors x{number}\n" for number in range(45_000)),
    "titles": "Harm Minors\n\n" * 77_000,
    "a label over items": "# Minors\n\n" + "- nude such\n" * 90_000,
    "negations": "not not banned harm to minors is not prohibited " * 21_000,
    "stems": "harm minors\n" + "It is so:\n- harm\n" * 58_000,
}


@pytest.mark.parametrize("text", SLOW_TEXTS.values(), ids=SLOW_TEXTS)
def test_a_megabyte_made_to_be_slow_is_left_unread_from_a_stated_character(text: str) -> None:
    begun = time.process_time()
    found = detect_clause(text)
    assert time.process_time() - begun < 6  # about one on an idle core
    assert found.answer == "absent"
    assert found.unread_reason.startswith("more sentences than are read, from character ")


def test_a_long_policy_is_read_to_its_end() -> None:
    rules = "".join(f"{number}. Report abuse of minors to desk {number}.\n" for number in range(1_500))
    assert detect_clause(rules + "\nYou may not sexualise minors.\n").answer == "explicit"
    assert detect_clause(
        "We sell maps. Harm to minors.\n" + "Be kind to all who come here and to those who do not. " * 20_000
    ).unread_reason == ("longer than 1,000,000 characters")


def test_a_verdict_below_a_label_that_names_the_target_prohibits_it() -> None:
    label = "Content policy\n\nIllegal content\n  Child sexual abuse material: "
    more = "removed, account closed, reported.\n  Counterfeit goods: removed."
    found = detect_clause(f"{label}{more}")
    assert (found.answer, found.quote) == ("explicit", f"Child sexual abuse material: … {more.partition(chr(10))[0]}")
    assert detect_clause(f"{label}counted, archived, reported.\n  Counterfeit goods: counted.").answer == "absent"
